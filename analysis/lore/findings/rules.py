"""What all criteria have in common, precisely enough to compute the table of findings by another program."""

LEGEND = """\
Intervals in brackets are 95 % intervals over seeds. A finding is not decidable here when runs or seeds are missing,
or when its interval lies on both sides. p is two-sided, of the test that the interval is made of; *stays* and *goes*
say whether the verdict stays under a correction for the number of verdicts (Benjamini-Hochberg, 5 %, over all rows
that were tested). A verdict is *fragile* if it is another one, or none, without any one of the seeds. The last column
is *before* if the criterion is from before the first run; otherwise it is the day on which it was chosen or changed
after runs of the small studies had been seen: such a row confirms nothing about runs that were there that day.
`findings.py --criteria` says how each is decided."""

RULES = """\
What the criteria have in common

Files and runs
  A run is an index of the dimension run of a file of `lore collect`. Its settings are the variables that have no
    dimension but that (and characters) and are named like settings, train_steps for train.steps, and start_step.
    Settings that do not count: seed, name, and those whose names begin with evaluate_, checkpoint_, compute_,
    train_reduction, train_shard, population_held_out, population_throw_away, start_run, start_checksum, patch_run or
    patch_step; and train_final_learning_rate where train_schedule is constant. What files of earlier versions lack,
    or have no value of, counts in runs with population_individuals as the default that came later: train_optimizer
    adamw, train_precision float32, train_matrix_learning_rate 0.02, train_momentum 0.95,
    population_question_templates 10, distribution_inject empty, distribution_inject_wording new,
    distribution_final_fresh -1, and 0 for population_injected, population_questions, population_asked,
    distribution_fresh and distribution_questions. Any other setting that a file lacks differs from any value. Two
    runs whose other settings and seeds are equal are one run: the copy with more records counts (of equal ones, that
    of the file whose path is first).
  A record is a step at which any variable of that run is there. A run is finished if its last record is at
    train_steps. A final value is the last one that is there, of a finished run; where nothing else is said,
    attribute_loss and attribute_accuracy are those of the group known. A value at a step is linear between the
    evaluations on either side that have it. A level is reached at the first evaluation at or beyond it, or linearly
    between that and the one before. Baseline is no_knowledge_baseline (of several runs their mean). plateau_start and
    plateau_end are the variables of that name.

Seeds, tests and verdicts
  One value a seed: runs that a criterion does not tell apart and that have one seed count as the mean of their
    values. "By seed" pairs the values of the seeds that both sides have. Slopes, exponents and curvatures are of
    least squares, of the seeds that have all points.
  Interval: mean +- t * sd / sqrt(n), sd with n - 1, t the 0.975 quantile of Student's t with n - 1 degrees of
    freedom. With fewer than two seeds nothing is decided, and there is no p. p is two-sided, of Student's t test that
    the mean is the threshold which the verdict says it passes, or where it is undecided, of the test that it would
    have to pass to hold; so an interval leaves the threshold out where p is below 0.05. The table has three
    significant digits, and two of p.
  "Above x holds, below does not": the whole interval is on that side of x. The test is against x either way.
  Several parts ("both", "all", "every"): holds if all do, with the largest p; does not hold if one does not, with the
    least p of those that do not times the number of parts (Bonferroni), at most 1. Undecided, it has the largest p of
    all parts, and none if a part has none. A part may have parts of its own.
  Beats: i is the interval of a difference of losses (nats), m is 2 % of the baseline. Does not if i is above -m (p
    against -m); holds if i is below 0 and its mean at most -m (p against 0); otherwise undecided.
  Stays or goes: Benjamini and Hochberg 1995 at 5 %. The number of tests is that of all rows of all scales in the
    table that have a p value, undecided ones included. Decided rows are ranked by p. A verdict stays if its p is at
    most the largest p of a decided row that is at most 5 % times its rank over the number of tests.
  Fragile: the whole criterion, choices of sets and members included, is computed again without all runs of one seed,
    for each seed in turn; a verdict that is decided is fragile if any of these differs from it.

Kinds of runs, the first that fits
  memory: task memory. patched: patch_from is not none. asking: distribution_questions above 0. tuned:
    distribution_kind replay, or distribution_among is not all. injection: distribution_inject is not empty. mixture:
    distribution_fresh or distribution_final_fresh above 0. By curriculum_kind: warm_up is a warm-up, adaptive an
    adaptive warm-up, growth, anneal annealed, sequential, throw_away throw-away. mixed shards: distribution_shards is
    not empty. repeats in a batch: distribution_repeats_in_batch above 1. repeats across steps:
    distribution_repeats_across_steps above 1. from weights: plateau_start is 0. power law: distribution_kind
    power_law and distribution_alpha not 0. celebrities: distribution_kind celebrities. uniform: all others.
  Usual biographies: of the runs in question, those with the most population_templates and with
    population_sentence_order random.

Sets of runs
  "Runs that differ in A and B only": subsets that are equal in every setting that counts but A and B, and differ in
    seed; the one with most combinations of A and B, then with most runs, then the first by ascending values of what
    the subsets differ in.
  Uniform runs: of the kind uniform. Population runs: uniform runs of usual biographies that differ in
    population_individuals only; at a constant train_schedule they may differ in train_steps too, and of each N those
    with the most count. The set with most N, then most runs.
  Power-law runs: power laws and uniform runs (alpha 0) of usual biographies that differ in distribution_ and
    curriculum_ settings, population_individuals and train_steps only; the set with most runs.
  Kinds that meet: runs of these kinds, of usual biographies, that differ in distribution_ and curriculum_ settings
    only; of the sets that have all the kinds, the one with the largest N, then the most train_steps, then most runs.
    A member of a kind is its runs of equal distribution_ and curriculum_ settings; all uniform runs are one member.
    Where uniform runs are compared with warm-ups, throw-away stages or repeats, those count that have the
    distribution_kind of these (the same draws, so that pairs are real), if there are any; otherwise all.
  Best by the other seeds: of the seeds that all members have, for each seed the value of the member whose mean over
    the other seeds is best. Members without the value in any run do not count. A single member is taken as it is.
  Length of a curriculum: curriculum_steps, or if it is 0 curriculum_epochs * N / train_batch. Switch of an adaptive
    warm-up: with b the first record whose draw_count is N or more, and a the record before it, the first (record's
    step + curriculum_steps) that is after a and not after b. It ends if there is one.
  Patched runs: kind patched, of curriculum_kind none (or sequential, where said), that differ in patch_reference and
    patch_start only; a patch_reference below 0 is train_steps. Their reference runs: of the kinds uniform and
    sequential, equal in all settings but those and the ones that begin with patch or start_.
  Fine-tuning runs: distribution_kind replay and population_new above 0 (of toy memories: task memory and
    memory_new_pairs above 0). The run that one started from is that of the name start_run; otherwise a uniform run
    with train_steps equal to start_step and the same seed, population_individuals and model_ settings.
  Sequential runs: kind sequential. With g = curriculum_groups and r = curriculum_repeats, visit k = 0, 1, ... of g r
    begins at step ceil(k train_steps / (g r)), ends where the next begins, and shows group_(k mod g + 1). Visits are
    numbered from 1. Sets that show the same individuals at the same steps: equal in all settings that count and begin
    with population_, distribution_, curriculum_, train_steps or train_batch.
  Memories: of finished uniform runs with stored_bits of known above 0 at any record, every set that differs in
    population_individuals and train_steps only, parted by exposures (train_steps * train_batch / N, to two digits);
    the parts with two N or more. Of several of one width with as many exposures, the first counts.
  Exposed runs: of the kinds uniform and power law, finished (all, if none is), with exposure_values of known, that
    differ in distribution_kind and distribution_alpha only. The alpha of a uniform run is 0.
  Injected runs: of the kind injection with group injected, finished (all, if none is), that differ in
    distribution_inject and distribution_inject_wording only; of these the ones whose distribution_inject has most
    steps. The last of these is the last injection.
  Mixture runs: of the kinds uniform and mixture with distribution_final_fresh below 0, the sets that differ in
    distribution_fresh only and have three shares (1 - distribution_fresh) or more of finished runs; of each
    model_width the one with most shares, then most runs, then the first.
  Runs of two optimisers: of the kinds uniform and power law, the sets that differ only in train_optimizer,
    train_learning_rate, train_final_learning_rate, train_matrix_learning_rate, train_momentum, train_beta1,
    train_beta2, train_epsilon, train_weight_decay, distribution_kind and distribution_alpha, and have two
    train_optimizer; the one with most runs. If runs of an optimiser differ in more than the distribution, those count
    that are equal in it to the ones whose final loss (mean over runs of its least alpha) is lowest.
  Asking runs: of the kind asking with question_accuracy of asked and of not_asked; of finished ones those whose final
    question_accuracy of asked is above 0.1. Mixed in are those without start_run, afterwards those with one whose
    distribution_questions is 1 and distribution_among asked; of each, those that differ in population_templates only.

Quantities
  Speeds of a run: how many times as fast the loss falls before and after the plateau as on it, in nats a step.
    Before: from step 0 to plateau_start, over max(plateau_start, 1). On it: from plateau_start to plateau_end. After:
    from plateau_end (linear between evaluations) until the loss is half-way between its value there and its final
    one. A run has speeds only if it is finished, plateau_end is after plateau_start, and the final loss is at most 80
    % of the baseline.
  Half of what a visit teaches: attribute_loss of the group, at most the baseline (what is above is no knowledge),
    from the visit's begin to its end, both linear between evaluations; steps from the begin until it is half-way
    between its values there. There is none if it does not fall.
  Exposures until half is known: of the bins of exposure_values of known that have any at any record, without bin 0,
    exposures are the geometric mean of the bin's least and largest number (of the last bin, its least), values the
    sum over records, right ones the sum of values times exposure_accuracy; half a right and half a wrong one are
    added to each. The most likely logistic curve of right ones over log2 of exposures is one half there. There is
    none of fewer than three bins, if it does not rise, or if it is one half outside of the bins.
  Knowledge of the injected: by how much attribute_loss of injected is below the baseline, 0 where it is above, at the
    evaluations after the last injection.
  Critical share: of the final accuracies by share of a seed that has all shares, half of that at share 1, reached
    between the largest share with less and the next larger one, linear in the logarithm of the share.
  Half of what a group knew: the same loss from the end of its visit until its next visit or the end of the run; steps
    until it is half-way from its value at the end of the visit to the baseline. There is none if it was at the
    baseline.

The findings
"""
