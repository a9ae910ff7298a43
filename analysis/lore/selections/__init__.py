"""Which runs are compared with which, and what is read off them. Figures and findings share these."""
