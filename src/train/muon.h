/* Muon's work on whole matrices, shared out over ranks and threads.
 *
 * Each rank has the directions of the pieces that it owns. It sends them to the ranks that work on
 * the matrices they belong to, these orthogonalise the matrices, and the pieces come back. One
 * thread works on a matrix, so bits depend on neither ranks nor threads. */
#ifndef LORE_TRAIN_MUON_H
#define LORE_TRAIN_MUON_H

#include <mpi.h>
#include <stdatomic.h>

#include "lore/base/arena.h"
#include "lore/base/status.h"
#include "lore/model/model.h"
#include "newton_schulz.h"
#include "pieces.h"

/* A tensor that Muon takes. */
typedef struct {
  int tensor;    /* its number in the model */
  int worker;    /* the rank that works on it */
  int64_t whole; /* where it is in `whole`, if this rank does */
} lore_muon_tensor;

/* A matrix that lies in a tensor on which this rank works: rows x columns from element `from` of
 * `whole` on. */
typedef struct {
  int64_t from;
  int rows, columns, stride;
} lore_muon_matrix;

typedef struct {
  const lore_model *model;
  const lore_pieces *pieces;
  MPI_Comm comm;
  int rank, ranks; /* 1 if every rank owns, and does, everything */
  int tensors;     /* that Muon takes; 0: another optimiser */
  int *number;     /* of each tensor of the model: its place in `tensor`, or -1 */
  lore_muon_tensor *tensor;
  int64_t *piece_at; /* tensor x range: where this rank's part of it begins in `pieces_sent` */
  int matrices;
  lore_muon_matrix *matrix;
  int *sent, *sent_at, *received, *received_at; /* elements from and to each rank */
  real *pieces_sent; /* directions of this rank's pieces, then what became of them */
  real *pieces_received;
  real *whole;                   /* tensors on which this rank works */
  lore_newton_schulz_room *room; /* of each thread */
  atomic_int next;               /* matrix that no thread works on yet */
} lore_muon;

/* Whether Muon updates the tensor: a linear map of a layer. */
bool lore_muon_takes(const lore_tensor *tensor);

/* For `threads` threads of rank pieces->rank. */
void lore_muon_layout(lore_muon *muon, lore_arena *arena, const lore_model *model,
                      const lore_pieces *pieces, int threads);

/* Where the directions of this rank's elements from `element` on are put, up to the end of a slice
 * or of the tensor, and found again. */
real *lore_muon_place(const lore_muon *muon, int tensor, int range, int64_t element);

/* All ranks: brings directions to where they are worked on. LORE_MPI. */
lore_status lore_muon_gather(lore_muon *muon);

/* Each thread: takes one matrix after the other, orthogonalises it and scales it by sqrt(max(1,
 * outputs / inputs)), until all are taken. */
void lore_muon_work(lore_muon *muon, int thread);

/* All ranks: brings the pieces back. LORE_MPI. */
lore_status lore_muon_scatter(lore_muon *muon);

/* Floating-point operations for all matrices in a tensor. */
double lore_muon_operations(const lore_tensor *tensor);

#endif
