(** The mean of a row's shares of power over all orders of its keys: only the squared coefficient of variation is left. *)
From Coq Require Import Reals Lra Lia Arith List Permutation.
From Ropelet Require Import Definitions Matrices.
From Ropelet Require Import combs_reach_the_entropic_bound nonnegative_weights_peak_at_frequency_zero
  selectivity_is_one_over_the_squared_variation.
Import ListNotations.
Local Open Scope R_scope.

(** * Sums over lists *)

Lemma total_app l l' : total (l ++ l') = total l + total l'.
Proof. unfold total. induction l as [|x l IH]; simpl; [ring|]. rewrite IH. ring. Qed.

Lemma total_flat_map {A B} (f : B -> R) (g : A -> list B) L :
  total (map f (flat_map g L)) = total (map (fun x => total (map f (g x))) L).
Proof. induction L as [|x L IH]; [reflexivity|]. simpl. rewrite map_app, total_app, IH. reflexivity. Qed.

Lemma total_plus {A} (f g : A -> R) L : total (map (fun x => f x + g x) L) = total (map f L) + total (map g L).
Proof. unfold total. induction L as [|x L IH]; simpl; [ring|]. rewrite IH. ring. Qed.

Lemma total_scal {A} (f : A -> R) c L : total (map (fun x => c * f x) L) = c * total (map f L).
Proof. unfold total. induction L as [|x L IH]; simpl; [ring|]. rewrite IH. ring. Qed.

Lemma total_const {A} c (L : list A) : total (map (fun _ => c) L) = INR (length L) * c.
Proof.
  induction L as [|x L IH]; [simpl; ring|]. change (c + total (map (fun _ => c) L) = INR (S (length L)) * c).
  rewrite IH, S_INR. ring.
Qed.

Lemma total_swap {A B} (f : A -> B -> R) L M :
  total (map (fun x => total (map (f x) M)) L) = total (map (fun y => total (map (fun x => f x y) L)) M).
Proof.
  induction L as [|x L IH].
  - simpl. rewrite (total_const 0 M). simpl. ring.
  - change (total (map (f x) M) + total (map (fun x => total (map (f x) M)) L)
      = total (map (fun y => f x y + total (map (fun x => f x y) L)) M)).
    rewrite IH, total_plus. reflexivity.
Qed.

(** * The orders of a list *)

Lemma insertions_are_permutations x l q : In q (insertions x l) -> Permutation (x :: l) q.
Proof.
  revert q. induction l as [|y l IH]; simpl; intros q.
  - intros [<-|[]]. apply Permutation_refl.
  - intros [<-|H]; [apply Permutation_refl|]. apply in_map_iff in H as [r [<- Hr]].
    apply perm_trans with (y :: x :: l); [apply perm_swap|]. now apply perm_skip, IH.
Qed.

Lemma every_place_is_an_insertion x l l' : In (l ++ x :: l') (insertions x (l ++ l')).
Proof.
  induction l as [|y l IH]; simpl.
  - destruct l'; simpl; auto.
  - right. now apply in_map.
Qed.

Theorem orders_are_the_permutations l q : In q (orders l) <-> Permutation l q.
Proof.
  split.
  - revert q. induction l as [|x l IH]; simpl; intros q.
    + intros [<-|[]]. apply perm_nil.
    + intros H. apply in_flat_map in H as [r [Hr Hq]].
      apply perm_trans with (x :: r); [now apply perm_skip, IH|now apply insertions_are_permutations].
  - revert q. induction l as [|x l IH]; simpl; intros q H.
    + apply Permutation_nil in H. now left.
    + destruct (in_split x q) as [u [v ->]]; [apply (Permutation_in x H); now left|].
      apply in_flat_map. exists (u ++ v). split; [|apply every_place_is_an_insertion].
      apply IH. exact (Permutation_cons_app_inv u v H).
Qed.

Lemma number_of_insertions x l : length (insertions x l) = S (length l).
Proof. induction l as [|y l IH]; simpl; [reflexivity|]. now rewrite map_length, IH. Qed.

Theorem number_of_orders l : length (orders l) = fact (length l).
Proof.
  induction l as [|x l IH]; [reflexivity|]. simpl orders.
  assert (H : forall L, (forall q, In q L -> length q = length l) ->
    length (flat_map (insertions x) L) = (length L * S (length l))%nat).
  { induction L as [|q L IHL]; intros HL; [reflexivity|]. simpl.
    rewrite app_length, number_of_insertions, (HL q), IHL by (simpl; auto; intros; apply HL; simpl; auto). lia. }
  rewrite H, IH.
  - simpl. lia.
  - intros q Hq. apply orders_are_the_permutations in Hq. symmetry. now apply Permutation_length.
Qed.

Lemma length_of_order l q : In q (orders l) -> length q = length l.
Proof. intros H. apply orders_are_the_permutations in H. symmetry. now apply Permutation_length. Qed.

(** * A linear function of the order, and its square *)

Fixpoint scalar (c l : list R) : R :=
  match c, l with x :: c, y :: l => x * y + scalar c l | _, _ => 0 end.

(** Each coefficient with the others. *)
Fixpoint picks (c : list R) : list (R * list R) :=
  match c with nil => nil | x :: c => (x, c) :: map (fun pick => (fst pick, x :: snd pick)) (picks c) end.

Definition squares (l : list R) : R := total (map (fun x => x ^ 2) l).

Lemma scalar_of_insertions x q : forall c, length c = S (length q) ->
  map (scalar c) (insertions x q) = map (fun pick => fst pick * x + scalar (snd pick) q) (picks c).
Proof.
  induction q as [|y q IH]; intros [|z c] Hc; try discriminate; injection Hc as Hc.
  - destruct c; [|discriminate]. reflexivity.
  - simpl. f_equal. rewrite !map_map. simpl.
    assert (E := IH c Hc). apply (f_equal (map (fun s => z * y + s))) in E. rewrite !map_map in E. simpl in E.
    transitivity (map (fun r => z * y + scalar c r) (insertions x q)); [reflexivity|]. rewrite E.
    apply map_ext. intros [u r]. simpl. ring.
Qed.

Lemma first_of_picks (f : R -> R) c : map (fun pick : R * list R => f (fst pick)) (picks c) = map f c.
Proof. induction c as [|x c IH]; [reflexivity|]. simpl. rewrite map_map. simpl. now rewrite IH. Qed.

Lemma number_of_picks c : length (picks c) = length c.
Proof. induction c as [|x c IH]; [reflexivity|]. simpl. now rewrite map_length, IH. Qed.

Lemma rest_of_pick c : forall pick, In pick (picks c) ->
  S (length (snd pick)) = length c /\ total (snd pick) = total c - fst pick /\
  squares (snd pick) = squares c - fst pick ^ 2.
Proof.
  induction c as [|x c IH]; intros pick; [intros []|]. intros [<-|H].
  - unfold squares, total. simpl. repeat split; ring.
  - apply in_map_iff in H as [p [<- Hp]]. destruct (IH p Hp) as [A [B C]]. unfold squares, total in *. simpl in *.
    rewrite A, B, C. repeat split; ring.
Qed.

Lemma sum_over_orders (f : list R -> R) x l :
  total (map f (orders (x :: l))) = total (map (fun q => total (map f (insertions x q))) (orders l)).
Proof. simpl. apply total_flat_map. Qed.

(** The sum over orders of an image of the scalar, one coefficient at a time. *)
Lemma sum_by_picks (h : R -> R) c x l : length c = S (length l) ->
  total (map (fun q => h (scalar c q)) (orders (x :: l)))
  = total (map (fun pick => total (map (fun q => h (fst pick * x + scalar (snd pick) q)) (orders l))) (picks c)).
Proof.
  intros Hc. rewrite sum_over_orders, <- total_swap. f_equal. apply map_ext_in. intros q Hq.
  apply length_of_order in Hq. rewrite <- Hq in Hc.
  assert (E := scalar_of_insertions x q c Hc). apply (f_equal (map h)) in E. rewrite !map_map in E. now rewrite E.
Qed.

Lemma fact_step m : (0 < m)%nat -> INR (fact m) = INR m * INR (fact (m - 1)).
Proof. destruct m as [|m]; [lia|]. intros _. replace (S m - 1)%nat with m by lia. rewrite <- mult_INR. f_equal. Qed.

Lemma sum_of_scalars l : forall c, length c = length l -> l <> nil ->
  total (map (scalar c) (orders l)) = INR (fact (length l - 1)) * (total c * total l).
Proof.
  induction l as [|x l IH]; intros c Hc Hl; [congruence|].
  destruct l as [|y l].
  - destruct c as [|z [|]]; try discriminate. unfold total. simpl. ring.
  - set (m := length (y :: l)) in *. assert (Hm : (0 < m)%nat) by (unfold m; simpl; lia).
    assert (E := sum_by_picks (fun s => s) c x (y :: l) Hc). cbv beta in E.
    transitivity (total (map (fun q => scalar c q) (orders (x :: y :: l)))); [reflexivity|]. rewrite E. clear E.
    rewrite (map_ext_in _ (fun pick => (INR (fact m) * x - INR (fact (m - 1)) * total (y :: l)) * fst pick
      + INR (fact (m - 1)) * (total c * total (y :: l)))).
    + rewrite total_plus, total_scal, total_const, number_of_picks, (first_of_picks (fun u => u)), map_id, Hc.
      replace (length (x :: y :: l) - 1)%nat with m by (unfold m; simpl; lia).
      replace (length (x :: y :: l)) with (S m) by reflexivity.
      change (total (x :: y :: l)) with (x + total (y :: l)). rewrite S_INR, (fact_step m Hm). ring.
    + intros pick Hp. destruct (rest_of_pick c pick Hp) as [A [B _]].
      rewrite total_plus, total_const, number_of_orders. fold m.
      change (fun q => scalar (snd pick) q) with (scalar (snd pick)).
      rewrite IH, B by (simpl in *; congruence || lia). fold m. ring.
Qed.

(** The mean of a product of two different places is one number: squares and sums are all that is left. *)
Lemma sum_of_squared_scalars l : forall c, length c = length l -> l <> nil ->
  total (map (fun q => scalar c q ^ 2) (orders l))
  = INR (fact (length l - 1)) * (squares c * squares l)
    + INR (fact (length l - 2)) * ((total c ^ 2 - squares c) * (total l ^ 2 - squares l)).
Proof.
  induction l as [|x l IH]; intros c Hc Hl; [congruence|].
  destruct l as [|y l].
  - destruct c as [|z [|]]; try discriminate. unfold total, squares. simpl. ring.
  - set (m := length (y :: l)) in *. assert (Hm : (0 < m)%nat) by (unfold m; simpl; lia).
    rewrite (sum_by_picks (fun s => s ^ 2) c x (y :: l) Hc).
    set (S1 := total (y :: l)) in *. set (S2 := squares (y :: l)) in *. set (C1 := total c). set (C2 := squares c).
    rewrite (map_ext_in _ (fun pick =>
      (INR (fact m) * x ^ 2 - 2 * x * INR (fact (m - 1)) * S1 - INR (fact (m - 1)) * S2
        + 2 * INR (fact (m - 2)) * (S1 ^ 2 - S2)) * fst pick ^ 2
      + ((2 * x * INR (fact (m - 1)) * C1 * S1 - 2 * C1 * INR (fact (m - 2)) * (S1 ^ 2 - S2)) * fst pick
      + (INR (fact (m - 1)) * C2 * S2 + INR (fact (m - 2)) * (C1 ^ 2 - C2) * (S1 ^ 2 - S2))))).
    + rewrite total_plus, total_scal, total_plus, total_scal, total_const, number_of_picks, (first_of_picks (fun u => u)), map_id,
        (first_of_picks (fun u => u ^ 2)), Hc.
      change (total (map (fun u => u ^ 2) c)) with C2. fold C1.
      replace (length (x :: y :: l) - 1)%nat with m by (unfold m; simpl; lia).
      replace (length (x :: y :: l) - 2)%nat with (m - 1)%nat by (unfold m; simpl; lia).
      replace (length (x :: y :: l)) with (S m) by reflexivity.
      change (total (x :: y :: l)) with (x + S1). change (squares (x :: y :: l)) with (x ^ 2 + S2).
      rewrite S_INR. destruct (Nat.eq_dec m 1) as [One|N].
      * assert (Z : S1 ^ 2 - S2 = 0).
        { unfold S1, S2, squares, total. destruct l; [simpl; ring|]. exfalso. unfold m in One. simpl in One. lia. }
        rewrite One. simpl fact. simpl INR. replace ((x + S1) ^ 2) with (x ^ 2 + 2 * x * S1 + S1 ^ 2) by ring.
        replace (S1 ^ 2) with S2 by lra. ring.
      * assert (F := fact_step (m - 1) ltac:(lia)). replace (m - 1 - 1)%nat with (m - 2)%nat in F by lia.
        rewrite minus_INR in F by lia. simpl (INR 1) in F.
        rewrite (fact_step m Hm), F. ring.
    + intros pick Hp. destruct (rest_of_pick c pick Hp) as [A [B C]].
      rewrite (map_ext _ (fun q => fst pick ^ 2 * x ^ 2 + (2 * fst pick * x * scalar (snd pick) q + scalar (snd pick) q ^ 2)))
        by (intros; ring).
      rewrite !total_plus, total_const, number_of_orders, total_scal. fold m.
      change (fun q => scalar (snd pick) q) with (scalar (snd pick)).
      rewrite sum_of_scalars, IH, B, C by (simpl in *; congruence || lia). fold m S1 S2 C1 C2. ring.
Qed.

(** * Power *)

Lemma scalar_is_a_sum n (g a : nat -> R) : scalar (map g (seq 0 n)) (map a (seq 0 n)) = sum n (fun t => g t * a t).
Proof.
  assert (H : forall k, scalar (map g (seq k n)) (map a (seq k n)) = sum n (fun t => g (k + t)%nat * a (k + t)%nat)).
  { induction n as [|n IH]; intros k; [reflexivity|]. cbn [seq map scalar]. rewrite IH.
    replace (S n) with (1 + n)%nat by lia.
    rewrite (sum_add 1 n (fun t => g (k + t)%nat * a (k + t)%nat)). cbn [sum]. rewrite Nat.add_0_r.
    rewrite (sum_ext n (fun t => g (S k + t)%nat * a (S k + t)%nat) (fun r => g (k + (1 + r))%nat * a (k + (1 + r))%nat)).
    - ring.
    - intros t _. now replace (k + (1 + t))%nat with (S k + t)%nat by lia. }
  apply H.
Qed.

Lemma total_is_a_sum n (g : nat -> R) : total (map g (seq 0 n)) = sum n g.
Proof.
  rewrite <- (sum_ext n (fun t => 1 * g t) g), <- (scalar_is_a_sum n (fun _ => 1) g) by (intros; ring).
  generalize (seq 0 n). intros L. induction L as [|x L IH]; [reflexivity|].
  change (g x + total (map g L) = 1 * g x + scalar (map (fun _ => 1) L) (map g L)). rewrite IH. ring.
Qed.

Lemma row_of_list (q : list R) : map (fun t => nth t q 0) (seq 0 (length q)) = q.
Proof.
  assert (H : forall k p, length p = k -> map (fun t => nth t (p ++ q) 0) (seq k (length q)) = q).
  { induction q as [|x q IH]; intros k p Hp; [reflexivity|]. simpl. f_equal.
    - rewrite app_nth2 by lia. now rewrite Hp, Nat.sub_diag.
    - replace (p ++ x :: q) with ((p ++ [x]) ++ q) by (rewrite <- app_assoc; reflexivity).
      apply IH. rewrite app_length. simpl. lia. }
  exact (H 0%nat nil eq_refl).
Qed.

Section Row.
Context (n : nat) (Hn : (2 <= n)%nat) (a : nat -> R).
Let row := map a (seq 0 n).
Let P (q : list R) (k : nat) := gain2 n (fun t => nth t q 0) (2 * PI * INR k / INR n).

Lemma length_of_row : length row = n.
Proof. unfold row. now rewrite map_length, seq_length. Qed.

Lemma sum_of_powers k : (k < n)%nat ->
  total (map (fun q => P q k) (orders row))
  = INR (fact n) * (if Nat.eqb k 0 then sum n a ^ 2
      else (INR n * sum n (fun t => a t ^ 2) - sum n a ^ 2) / (INR n - 1)).
Proof.
  intros Hk. assert (Hn' : 2 <= INR n) by (change 2 with (INR 2); now apply le_INR).
  set (w := 2 * PI * INR k / INR n).
  set (C := map (fun t => cos (w * INR t)) (seq 0 n)). set (D := map (fun t => sin (w * INR t)) (seq 0 n)).
  assert (LC : length C = length row) by (unfold C; now rewrite length_of_row, map_length, seq_length).
  assert (LD : length D = length row) by (unfold D; now rewrite length_of_row, map_length, seq_length).
  assert (Row : row <> nil) by (intros E; generalize length_of_row; rewrite E; simpl; lia).
  rewrite (map_ext_in _ (fun q => scalar C q ^ 2 + scalar D q ^ 2)).
  2: { intros q Hq. apply length_of_order in Hq. rewrite length_of_row in Hq. unfold P, gain2. fold w.
       assert (E : forall F, scalar (map F (seq 0 n)) q = sum n (fun t => F t * nth t q 0)).
       { intros F. rewrite <- (scalar_is_a_sum n F (fun t => nth t q 0)), <- Hq, row_of_list. reflexivity. }
       unfold C, D. rewrite !E. f_equal; f_equal; apply sum_ext; intros; ring. }
  rewrite total_plus, !sum_of_squared_scalars by assumption. rewrite length_of_row.
  assert (E2 : squares C + squares D = INR n).
  { unfold squares, C, D. rewrite !map_map, !total_is_a_sum, <- sum_plus.
    rewrite (sum_ext n _ (fun _ => 1)); [rewrite sum_const; ring|].
    intros t _. generalize (sin2_cos2 (w * INR t)). unfold Rsqr. simpl. lra. }
  assert (E1 : total C ^ 2 + total D ^ 2 = if Nat.eqb k 0 then INR n ^ 2 else 0).
  { unfold C, D. rewrite !total_is_a_sum.
    rewrite (sum_ext n (fun t => cos (w * INR t)) (fun t => cos (w * INR t + 0))) by (intros; now rewrite Rplus_0_r).
    rewrite (sum_ext n (fun t => sin (w * INR t)) (fun t => cos (w * INR t + - (PI / 2)))).
    2: { intros t _. replace (w * INR t + - (PI / 2)) with (- (PI / 2 - w * INR t)) by ring. now rewrite cos_neg, cos_shift. }
    unfold w. rewrite !sum_of_roots, Nat.mod_small by lia. rewrite cos_0, cos_neg, cos_PI2.
    destruct (Nat.eqb k 0); ring. }
  assert (ES : squares row = sum n (fun t => a t ^ 2)) by (unfold squares, row; now rewrite map_map, total_is_a_sum).
  assert (ET : total row = sum n a) by apply total_is_a_sum. rewrite ES, ET.
  set (S2 := sum n (fun t => a t ^ 2)). set (S1 := sum n a).
  assert (F1 := fact_step n ltac:(lia)). assert (F2 := fact_step (n - 1) ltac:(lia)).
  replace (n - 1 - 1)%nat with (n - 2)%nat in F2 by lia. rewrite minus_INR in F2 by lia. simpl (INR 1) in F2.
  transitivity (INR (fact (n - 1)) * ((squares C + squares D) * S2)
    + INR (fact (n - 2)) * (((total C ^ 2 + total D ^ 2) - (squares C + squares D)) * (S1 ^ 2 - S2))); [ring|].
  rewrite E1, E2, F1, F2. destruct (Nat.eqb k 0); field; lra.
Qed.

Lemma power_of_an_order q : In q (orders row) -> sum n (P q) = INR n * sum n (fun t => a t ^ 2).
Proof.
  intros Hq. assert (Q := powers_of_a_padded_row_sum_to_its_energy n 1 (fun t => nth t q 0) ltac:(lia) ltac:(lia)).
  cbv zeta in Q. rewrite Nat.mul_1_l in Q. unfold P. rewrite Q. f_equal.
  assert (L := length_of_order _ _ Hq). rewrite length_of_row in L.
  assert (A : sum n (fun t => nth t q 0 ^ 2) = squares q).
  { rewrite <- (total_is_a_sum n (fun t => nth t q 0 ^ 2)). unfold squares. rewrite <- L.
    transitivity (total (map (fun x => x ^ 2) (map (fun t => nth t q 0) (seq 0 (length q))))).
    - now rewrite map_map.
    - now rewrite row_of_list. }
  assert (B : sum n (fun t => a t ^ 2) = squares row) by (unfold squares, row; now rewrite map_map, total_is_a_sum).
  rewrite A, B. apply orders_are_the_permutations in Hq.
  assert (Same : forall u v, Permutation u v -> total u = total v).
  { intros u v H. unfold total. induction H; simpl; try congruence; ring. }
  symmetry. apply Same, Permutation_map, Hq.
Qed.

(** The mean share of weighted bins. *)
Lemma mean_share weight : sum n a <> 0 ->
  let c := INR n * sum n (fun t => a t ^ 2) / sum n a ^ 2 - 1 in
  mean_over_orders (share n weight) row
  = (weight 0%nat + c / (INR n - 1) * sum (n - 1) (fun k => weight (S k))) / (1 + c).
Proof.
  intros HS c. assert (Hn' : 2 <= INR n) by (change 2 with (INR 2); now apply le_INR).
  set (S1 := sum n a) in *. set (S2 := sum n (fun t => a t ^ 2)) in *.
  assert (Q : 0 < S1 ^ 2) by (rewrite <- Rsqr_pow2; now apply Rsqr_pos_lt).
  assert (Positive : 0 < S2).
  { destruct (Rle_lt_dec S2 0) as [H|H]; [|exact H]. exfalso. apply HS.
    assert (Zero : forall m, sum m (fun t => a t ^ 2) <= 0 -> sum m a = 0).
    { clear. induction m as [|m IH]; [reflexivity|]. cbn [sum]. intros H.
      assert (A := sum_nonneg m (fun t => a t ^ 2) ltac:(intros; apply pow2_ge_0)). assert (B := pow2_ge_0 (a m)).
      rewrite IH by lra. assert (Z : a m ^ 2 = 0) by lra. rewrite <- Rsqr_pow2 in Z. apply Rsqr_0_uniq in Z. lra. }
    now apply Zero. }
  assert (F : 0 < INR (fact n)) by apply INR_fact_lt_0.
  unfold mean_over_orders. rewrite number_of_orders, length_of_row.
  rewrite (map_ext_in _ (fun q => / (INR n * S2) * sum n (fun k => weight k * P q k))).
  2: { intros q Hq. unfold share. fold (P q). change (fun k => weight k * gain2 n (fun t => nth t q 0) (2 * PI * INR k / INR n))
         with (fun k => weight k * P q k). change (sum n (fun k => gain2 n (fun t => nth t q 0) (2 * PI * INR k / INR n)))
         with (sum n (P q)). rewrite (power_of_an_order q Hq). unfold Rdiv. apply Rmult_comm. }
  rewrite total_scal.
  assert (Swap : total (map (fun q => sum n (fun k => weight k * P q k)) (orders row))
    = sum n (fun k => weight k * total (map (fun q => P q k) (orders row)))).
  { rewrite <- total_is_a_sum.
    rewrite (map_ext _ (fun k => total (map (fun q => weight k * P q k) (orders row)))) by (intros; now rewrite total_scal).
    rewrite <- total_swap. f_equal. apply map_ext. intros q. now rewrite total_is_a_sum. }
  rewrite Swap. replace n with (1 + (n - 1))%nat at 2 by lia. rewrite sum_add. cbn [sum].
  rewrite (sum_ext (n - 1) _ (fun k => INR (fact n) * ((INR n * S2 - S1 ^ 2) / (INR n - 1)) * weight (S k))).
  2: { intros k Hk. rewrite sum_of_powers by lia. simpl Nat.eqb. cbv iota. fold S1 S2. replace (1 + k)%nat with (S k) by lia. ring. }
  rewrite sum_scal, sum_of_powers by lia. simpl Nat.eqb. cbv iota. fold S1. unfold c.
  field. repeat split; nra || lra.
Qed.
End Row.

(** * The bands *)

Lemma sum_within p edge : (0 < edge)%nat -> (2 * edge < 8 * p)%nat ->
  sum (8 * p - 1) (fun k => within (8 * p) edge (S k)) = 2 * INR edge - 1.
Proof.
  intros He Hp. set (n := (8 * p)%nat) in *.
  replace (n - 1)%nat with ((edge - 1) + (1 + ((n - 2 * edge - 1) + (1 + (edge - 1)))))%nat by lia.
  assert (Value : forall k, within n edge k = if Nat.ltb (Nat.min k (n - k)) edge then 1
    else if Nat.eqb (Nat.min k (n - k)) edge then 1 / 2 else 0) by reflexivity.
  rewrite !sum_add. cbn [sum].
  rewrite (sum_ext (edge - 1) (fun k => within n edge (S k)) (fun _ => 1)).
  2: { intros k Hk. rewrite Value. destruct (Nat.ltb_spec (Nat.min (S k) (n - S k)) edge); [reflexivity|lia]. }
  rewrite (sum_of_zeros (n - 2 * edge - 1)).
  2: { intros k Hk. rewrite Value. destruct (Nat.ltb_spec (Nat.min (S (edge - 1 + (1 + k))) (n - S (edge - 1 + (1 + k)))) edge); [lia|].
       destruct (Nat.eqb_spec (Nat.min (S (edge - 1 + (1 + k))) (n - S (edge - 1 + (1 + k)))) edge); [lia|reflexivity]. }
  rewrite (sum_ext (edge - 1) (fun k => within n edge (S (edge - 1 + (1 + (n - 2 * edge - 1 + (1 + k)))))) (fun _ => 1)).
  2: { intros k Hk. rewrite Value. set (j := S _). destruct (Nat.ltb_spec (Nat.min j (n - j)) edge); [reflexivity|unfold j in *; lia]. }
  rewrite !Value, sum_const, minus_INR by lia. simpl (INR 1).
  repeat match goal with |- context [Nat.ltb (Nat.min ?j (n - ?j)) edge] =>
    destruct (Nat.ltb_spec (Nat.min j (n - j)) edge); [lia|] end.
  repeat match goal with |- context [Nat.eqb (Nat.min ?j (n - ?j)) edge] =>
    destruct (Nat.eqb_spec (Nat.min j (n - j)) edge); [|lia] end.
  field.
Qed.

(** Low, middle and high band of n = 8p bins meet at bins p and 3p of either sign. *)
Theorem shuffled_rows_split_as_they_vary p a : (0 < p)%nat ->
  let n := (8 * p)%nat in
  sum n a <> 0 ->
  let row := map a (seq 0 n) in
  let c := INR n * sum n (fun t => a t ^ 2) / sum n a ^ 2 - 1 in
  let epsilon := c / (INR n - 1) in
  mean_over_orders (share n (within n p)) row = (1 + epsilon * (INR n / 4 - 1)) / (1 + c) /\
  mean_over_orders (share n (fun k => within n (3 * p) k - within n p k)) row = epsilon * (INR n / 2) / (1 + c) /\
  mean_over_orders (share n (fun k => 1 - within n (3 * p) k)) row = epsilon * (INR n / 4) / (1 + c).
Proof.
  intros Hp n HS row c epsilon. assert (Hn : (2 <= n)%nat) by (unfold n; lia).
  assert (N : INR n = 8 * INR p) by (unfold n; rewrite mult_INR; simpl; ring).
  assert (A := sum_within p p Hp ltac:(lia)). assert (B := sum_within p (3 * p) ltac:(lia) ltac:(lia)). fold n in A, B.
  rewrite mult_INR in B. simpl (INR 3) in B.
  assert (Start : forall edge, (0 < edge)%nat -> within n edge 0 = 1).
  { intros edge He. unfold within. simpl Nat.min. now rewrite (proj2 (Nat.ltb_lt 0 edge) He). }
  unfold row. rewrite !(mean_share n Hn a) by exact HS. fold c epsilon. rewrite !Start by lia.
  repeat split.
  - rewrite A, N. f_equal. f_equal. f_equal. field.
  - rewrite (sum_ext (n - 1) _ (fun k => within n (3 * p) (S k) + -1 * within n p (S k))) by (intros; ring).
    rewrite sum_plus, sum_scal, A, B, N. f_equal. field.
  - rewrite (sum_ext (n - 1) _ (fun k => 1 + -1 * within n (3 * p) (S k))) by (intros; ring).
    rewrite sum_plus, sum_scal, sum_const, B, minus_INR, N by lia. simpl (INR 1). f_equal. field.
Qed.
