(** Products of the Ricker function's spreads, of both kinds, to four digits. *)
From Coq Require Import Reals Lra.
From Interval Require Import Tactic.
From Ropelet Require Import Definitions.
Local Open Scope R_scope.

Theorem ricker_spreads_multiply_to_1_708 :
  sqrt (7 / 6) * sqrt (5 / 2) = sqrt (35 / 12) /\ 1.7078 < sqrt (35 / 12) < 1.7079 /\
  0.5252 < sqrt (7 / 6) * sqrt (5 / 2 - 64 / (9 * PI)) < 0.5253.
Proof.
  split; [rewrite <- sqrt_mult by lra; f_equal; field|]. repeat split; interval.
Qed.
