/* A library to preload that makes an MPI call fail, through MPI's profiling interface.
 *
 * LORE_FAULT=MPI_Bcast:3:1 lets the third call of MPI_Bcast on rank 1 of the world fail; rank -1
 * stands for all ranks. The communicator's (or window's) error handler is called first, as MPI
 * does, so that an error handler that ends the job shows. LORE_FAULT_FILE, if given, is created
 * when the fault happens. */
#include <fcntl.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is_due(const char *function) {
  static int calls;
  char name[64];
  int at, wanted, rank, begun;
  const char *fault = getenv("LORE_FAULT"), *file = getenv("LORE_FAULT_FILE");
  if (!fault || sscanf(fault, "%63[^:]:%d:%d", name, &at, &wanted) != 3 || strcmp(name, function))
    return 0;
  if (PMPI_Initialized(&begun) || !begun || PMPI_Comm_rank(MPI_COMM_WORLD, &rank))
    return 0;
  if ((wanted >= 0 && rank != wanted) || ++calls != at)
    return 0;
  if (file)
    close(open(file, O_CREAT | O_WRONLY, 0666));
  return 1;
}

#define FAULT(function, parameters, arguments, raise)                                              \
  int function parameters {                                                                        \
    if (!is_due(#function))                                                                        \
      return P##function arguments;                                                                \
    raise;                                                                                         \
    return MPI_ERR_OTHER;                                                                          \
  }
#define ON_COMM   MPI_Comm_call_errhandler(comm, MPI_ERR_OTHER)
#define ON_WINDOW MPI_Win_call_errhandler(window, MPI_ERR_OTHER)
#define ON_WORLD  MPI_Comm_call_errhandler(MPI_COMM_WORLD, MPI_ERR_OTHER)

FAULT(MPI_Allreduce, (const void *s, void *r, int n, MPI_Datatype t, MPI_Op o, MPI_Comm comm),
      (s, r, n, t, o, comm), ON_COMM)
FAULT(MPI_Bcast, (void *b, int n, MPI_Datatype t, int root, MPI_Comm comm), (b, n, t, root, comm),
      ON_COMM)
FAULT(MPI_Barrier, (MPI_Comm comm), (comm), ON_COMM)
FAULT(MPI_Comm_split, (MPI_Comm comm, int colour, int key, MPI_Comm *made),
      (comm, colour, key, made), ON_COMM)
FAULT(MPI_Comm_split_type, (MPI_Comm comm, int type, int key, MPI_Info info, MPI_Comm *made),
      (comm, type, key, info, made), ON_COMM)
FAULT(MPI_Comm_dup, (MPI_Comm comm, MPI_Comm *made), (comm, made), ON_COMM)
FAULT(MPI_Comm_free, (MPI_Comm * comm), (comm), ON_WORLD)
FAULT(MPI_Isend,
      (const void *b, int n, MPI_Datatype t, int to, int tag, MPI_Comm comm, MPI_Request *request),
      (b, n, t, to, tag, comm, request), ON_COMM)
FAULT(MPI_Irecv,
      (void *b, int n, MPI_Datatype t, int from, int tag, MPI_Comm comm, MPI_Request *request),
      (b, n, t, from, tag, comm, request), ON_COMM)
FAULT(MPI_Testall, (int n, MPI_Request requests[], int *flag, MPI_Status statuses[]),
      (n, requests, flag, statuses), ON_WORLD)
FAULT(MPI_Iallreduce,
      (const void *s, void *r, int n, MPI_Datatype t, MPI_Op o, MPI_Comm comm,
       MPI_Request *request),
      (s, r, n, t, o, comm, request), ON_COMM)
FAULT(MPI_Iprobe, (int from, int tag, MPI_Comm comm, int *flag, MPI_Status *status),
      (from, tag, comm, flag, status), ON_COMM)
FAULT(MPI_Win_allocate,
      (MPI_Aint size, int unit, MPI_Info info, MPI_Comm comm, void *base, MPI_Win *made),
      (size, unit, info, comm, base, made), ON_COMM)
FAULT(MPI_Win_lock_all, (int mode, MPI_Win window), (mode, window), ON_WINDOW)
FAULT(MPI_Win_unlock_all, (MPI_Win window), (window), ON_WINDOW)
FAULT(MPI_Win_flush, (int rank, MPI_Win window), (rank, window), ON_WINDOW)
FAULT(MPI_Win_free, (MPI_Win * window), (window), ON_WORLD)
FAULT(MPI_Compare_and_swap,
      (const void *to, const void *from, void *was, MPI_Datatype t, int rank, MPI_Aint at,
       MPI_Win window),
      (to, from, was, t, rank, at, window), ON_WINDOW)
FAULT(MPI_Fetch_and_op,
      (const void *value, void *was, MPI_Datatype t, int rank, MPI_Aint at, MPI_Op o,
       MPI_Win window),
      (value, was, t, rank, at, o, window), ON_WINDOW)
FAULT(MPI_Get_accumulate,
      (const void *from, int fn, MPI_Datatype ft, void *to, int tn, MPI_Datatype tt, int rank,
       MPI_Aint at, int wn, MPI_Datatype wt, MPI_Op o, MPI_Win window),
      (from, fn, ft, to, tn, tt, rank, at, wn, wt, o, window), ON_WINDOW)
FAULT(MPI_Get,
      (void *to, int tn, MPI_Datatype tt, int rank, MPI_Aint at, int wn, MPI_Datatype wt,
       MPI_Win window),
      (to, tn, tt, rank, at, wn, wt, window), ON_WINDOW)
FAULT(MPI_Alltoallv,
      (const void *s, const int sn[], const int sd[], MPI_Datatype st, void *r, const int rn[],
       const int rd[], MPI_Datatype rt, MPI_Comm comm),
      (s, sn, sd, st, r, rn, rd, rt, comm), ON_COMM)
