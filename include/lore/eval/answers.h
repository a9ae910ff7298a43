/* How sure a model is of its answers, and whether it should be (science.md section 2). */
#ifndef LORE_EVAL_ANSWERS_H
#define LORE_EVAL_ANSWERS_H

enum { LORE_CALIBRATION_BINS = 15 };

/* The answer for one value: its most likely tokens, each after the right ones before it. Doubles
 * throughout, as ranks add them. */
typedef struct {
  double confidence; /* probability of the answer: product over its tokens */
  double entropy;    /* nats, sum over its tokens */
  double correct;    /* 1 if all tokens are right, else 0 */
} lore_answer;

/* Expected calibration error (Naeini et al. 2015): mean distance of the share of right answers from
 * the mean confidence, over LORE_CALIBRATION_BINS bins of equal width of the confidence, weighted
 * by the answers in each. NAN without answers, or if one has no probability, as of a model that
 * diverged. */
double lore_answers_calibration_error(int answers, const lore_answer *answer);

/* Share of answers that are wrong and have a confidence above one half. NAN likewise. */
double lore_answers_confidently_wrong(int answers, const lore_answer *answer);

/* Area under the ROC curve: the probability that one of `high` is larger than one of `low`, where
 * equal ones count half (Mann and Whitney 1947). Sorts both. NAN if either is empty or has one. */
double lore_answers_auroc(int highs, double *high, int lows, double *low);

/* A lower bound for what is stored of the values of `count` individuals, in bits: how much less
 * than ln(values[a]) the loss[a] (nats) of each of `attributes` attributes is (Allen-Zhu and Li
 * 2024, arXiv 2404.05405). NAN if a loss is. */
double lore_stored_bits(int attributes, const double *values, const double *loss, double count);

#endif
