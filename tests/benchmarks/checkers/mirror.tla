------------------------------- MODULE mirror -------------------------------
(* MIRROR for TLC: each disjunct of Next is one action.  The constant Defect is one of "", "D1",   *)
(* "D2", "D3" and "D4".  Sums are written out, as TLC is slower with a recursive operator.          *)
EXTENDS Integers, Sequences

CONSTANTS Slots, Cap, Target, Requests, Notices, Defect
ASSUME Slots \in 1..4

VARIABLES
  wanted,      \* the source's volume as last seen
  status,      \* of each slot
  bound,       \* of each slot: no more than this is open
  sold,        \* as far as seen, less what the source has taken back
  asked,       \* recoup requested
  unseen,      \* recoup executed, not seen
  volume,      \* of each slot: truly open at the destination
  trueSold,
  requests,    \* to the destination
  notices,     \* to the strategy
  unexpected   \* the last notice was one that its slot did not expect

strategy == <<wanted, status, bound>>
recoup == <<asked, unseen>>
channels == <<requests, notices>>

Free == 0
Open == 1
Canceling == 2

Lower(x, y) == IF x < y THEN x ELSE y
At(values, i) == IF i <= Slots THEN values[i] ELSE 0
Sum(values) == At(values, 1) + At(values, 2) + At(values, 3) + At(values, 4)
LiveAt(i) == IF i <= Slots THEN (IF status[i] = Open THEN bound[i] ELSE 0) ELSE 0
Live == LiveAt(1) + LiveAt(2) + LiveAt(3) + LiveAt(4)
Taken == IF Defect = "D1" THEN sold ELSE Sum(bound) + sold
None == [i \in 1..Slots |-> 0]

Init ==
  /\ wanted = 0 /\ status = None /\ bound = None /\ sold = 0 /\ asked = 0 /\ unseen = 0
  /\ volume = None /\ trueSold = 0 /\ requests = <<>> /\ notices = <<>> /\ unexpected = FALSE

Aim ==
  /\ \E lots \in 0..Target : lots # wanted /\ wanted' = lots
  /\ UNCHANGED <<status, bound, sold, recoup, volume, trueSold, channels>>

Place ==
  /\ Len(requests) < Requests
  /\ LET lots == Lower(wanted - Live, Cap - Taken)
     IN  /\ lots >= 1
         /\ \E i \in 1..Slots :
              /\ status[i] = Free
              /\ \A j \in 1..(i - 1) : status[j] # Free
              /\ status' = [status EXCEPT ![i] = Open]
              /\ bound' = [bound EXCEPT ![i] = lots]
              /\ requests' = Append(requests, <<"place", i, lots>>)
  /\ UNCHANGED <<wanted, sold, recoup, volume, trueSold, notices>>

Cancel ==
  /\ Len(requests) < Requests
  /\ Live > wanted
  /\ \E i \in 1..Slots :
       /\ LiveAt(i) > 0
       /\ \A j \in 1..(i - 1) : LiveAt(j) = 0
       /\ status' = [status EXCEPT ![i] = IF Defect = "D2" THEN Free ELSE Canceling]
       /\ bound' = [bound EXCEPT ![i] = IF Defect = "D2" THEN 0 ELSE @]
       /\ requests' = Append(requests, <<"cancel", i, 0>>)
  /\ UNCHANGED <<wanted, sold, recoup, volume, trueSold, notices>>

Hears(what, i, lots) ==
  CASE what = "placed" ->
         /\ unexpected' = FALSE
         /\ UNCHANGED <<status, bound, sold>>
    [] what = "fill" ->
         /\ unexpected' = (lots > bound[i] \/ status[i] = Free)
         /\ bound' = [bound EXCEPT ![i] = IF lots > @ THEN 0 ELSE @ - lots]
         /\ sold' = sold + lots
         /\ UNCHANGED status
    [] OTHER ->
         /\ unexpected' = (what = "done" /\ bound[i] # 0)
         /\ status' = [status EXCEPT ![i] = Free]
         /\ bound' = [bound EXCEPT ![i] = 0]
         /\ UNCHANGED sold

Hear ==
  /\ \E place \in 1..(IF Defect = "D3" THEN Len(notices) ELSE Lower(Len(notices), 1)) :
       /\ Hears(notices[place][1], notices[place][2], notices[place][3])
       /\ notices' = SubSeq(notices, 1, place - 1) \o SubSeq(notices, place + 1, Len(notices))
  /\ UNCHANGED <<wanted, recoup, volume, trueSold, requests>>

Serve ==
  /\ Len(requests) > 0
  /\ LET what == Head(requests)[1]
         i == Head(requests)[2]
         room == Len(notices) < Notices
         Tell(event) == notices' = Append(notices, <<event, i, 0>>)
     IN  \/ what = "place" /\ room /\ Tell("placed")
            /\ volume' = [volume EXCEPT ![i] = Head(requests)[3]]
         \/ what = "place" /\ room /\ Tell("canceled") /\ UNCHANGED volume
         \/ what = "cancel" /\ volume[i] > 0 /\ room /\ Tell("canceled")
            /\ volume' = [volume EXCEPT ![i] = 0]
         \/ what = "cancel" /\ volume[i] = 0 /\ UNCHANGED <<volume, notices>>
  /\ requests' = Tail(requests)
  /\ UNCHANGED <<strategy, sold, recoup, trueSold>>

Fill ==
  /\ \E i \in 1..Slots : \E lots \in 1..volume[i] :
       /\ volume' = [volume EXCEPT ![i] = @ - lots]
       /\ trueSold' = trueSold + lots
       /\ IF lots < volume[i]
          THEN /\ Len(notices) < Notices
               /\ notices' = Append(notices, <<"fill", i, lots>>)
          ELSE /\ Len(notices) + 1 < Notices
               /\ notices' = notices \o << <<"fill", i, lots>>, <<"done", i, 0>> >>
  /\ UNCHANGED <<strategy, sold, recoup, requests>>

Recoup ==
  /\ IF Defect = "D4"
     THEN sold > 0 /\ asked' = asked + sold /\ sold' = 0
     ELSE sold > asked + unseen /\ asked' = sold - unseen /\ sold' = sold
  /\ UNCHANGED <<strategy, unseen, volume, trueSold, channels>>

SourceExecutes ==
  /\ asked > 0 /\ asked' = asked - 1 /\ unseen' = unseen + 1 /\ trueSold' = trueSold - 1
  /\ UNCHANGED <<strategy, sold, volume, channels>>

RecoupSeen ==
  /\ unseen > 0 /\ unseen' = unseen - 1
  /\ sold' = IF Defect = "D4" THEN sold ELSE sold - 1
  /\ UNCHANGED <<strategy, asked, volume, trueSold, channels>>

Next ==
  \/ Hear
  \/ /\ unexpected' = FALSE
     /\ Aim \/ Place \/ Cancel \/ Serve \/ Fill \/ Recoup \/ SourceExecutes \/ RecoupSeen

Exposure == Sum(volume) + trueSold
Seen == Sum(bound) + sold

WithinCap == Exposure <= Cap
Claims ==
  /\ Exposure <= Seen /\ Seen <= Cap
  /\ (Defect = "D4" \/ asked + unseen <= sold) /\ trueSold >= 0
  /\ \A i \in 1..Slots : volume[i] <= bound[i] /\ (status[i] # Free \/ bound[i] = 0)
  /\ ~unexpected
=============================================================================
