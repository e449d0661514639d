(** At factor 8 the ramps of YaRN's paper and code give pair 36 frequencies of which one is less than half the other. *)
From Coq Require Import Reals Lra.
From Interval Require Import Tactic.
From Ropelet Require Import Definitions.
Local Open Scope R_scope.

Theorem yarn_ramps_of_paper_and_code_differ :
  let theta := frequencies (10 ^ 4) 128 36 in
  let turned := 4096 * theta / (2 * PI) in
  let mixed kept := kept * theta + (1 - kept) * (theta / 8) in
  let of_paper := mixed ((turned - 1) / (32 - 1)) in
  let of_code := mixed (1 - (36 - 20) / (46 - 20)) in
  0 < of_paper /\ of_paper < of_code / 2.
Proof.
  intros theta turned mixed of_paper of_code. unfold of_paper, of_code, mixed, turned.
  assert (E : 1 / 178 < theta < 1 / 177) by (unfold theta, frequencies, Rpower; simpl; split; interval).
  assert (HP : 3.1415 < PI < 3.1416) by (split; interval).
  assert (T : 3.6 < 4096 * theta / (2 * PI) < 3.7).
  { split; apply (Rmult_lt_reg_r (2 * PI)); try lra; unfold Rdiv; rewrite ?Rmult_assoc, ?Rinv_l; nra. }
  set (r := 4096 * theta / (2 * PI)) in *. split; nra.
Qed.
