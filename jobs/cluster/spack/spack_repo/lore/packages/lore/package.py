import os

from spack_repo.builtin.build_systems.autotools import AutotoolsPackage

from spack.package import *


class Lore(AutotoolsPackage):
    """Simulates how language models learn facts: trains many small transformers on synthetic
    biographies over MPI, and writes NetCDF."""

    manual_download = True  # lore-VERSION.tar.gz, which make dist makes, from the current directory
    license("MIT")

    version("0.1.0")

    variant("scalapack", default=True, description="lore probe: readable attributes and spectra")
    variant("blas", default=True, description="a CBLAS that studies may choose for matrix products")
    variant("onednn", default=False, description="oneDNN's matrix products, which studies may choose")

    depends_on("c", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("mpi")
    depends_on("netcdf-c~mpi")
    depends_on("libfyaml@0.7.12:")
    depends_on("xxhash@0.8:")
    depends_on("random123")
    depends_on("blas", when="+blas")
    depends_on("scalapack", when="+scalapack")
    depends_on("blas", when="+scalapack")
    depends_on("onednn", when="+onednn")
    with default_args(type="run"):
        depends_on("python@3.11:")
        depends_on("py-xarray")
        depends_on("py-netcdf4")
        depends_on("py-matplotlib")

    def url_for_version(self, version):
        return f"file://{os.getcwd()}/lore-{version}.tar.gz"

    def configure_args(self):
        spec = self.spec
        args = [f"CC={spec['mpi'].mpicc}"]
        args += [f"--with-{option}={spec[name].prefix}" for option, name in
                 (("netcdf", "netcdf-c"), ("fyaml", "libfyaml"), ("xxhash", "xxhash"), ("random123", "random123"))]
        args.append(f"--with-onednn={spec['onednn'].prefix}" if spec.satisfies("+onednn") else "--without-onednn")
        args.append(f"--with-blas={spec['blas'].libs.ld_flags}" if spec.satisfies("+blas") else "--without-blas")
        args.append(f"--with-scalapack={spec['scalapack'].libs.ld_flags}" if spec.satisfies("+scalapack")
                    else "--without-scalapack")
        return args

    def setup_run_environment(self, env):
        env.prepend_path("PYTHONPATH", self.prefix.share.lore.analysis)
