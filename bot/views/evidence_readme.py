"""Knows what an archive of evidence tells whoever opens it: what is in it, how it is checked, and what it cannot prove.

Knows nothing of how it is made. What is written here is compared to the byte.
"""

import textwrap

from bot.domain.evidence import Dossier
from bot.domain.evidence_chain import GENESIS, fingerprint
from bot.views.evidence_parts import listed_words

_WIDTH, _LABEL = 120, " " * 12
_README = """\
Evidence of a backup test
=========================

System:     {project}
Test:       {drill} ({title})
Result:     {result}
Last event: {events} of {events}, {at}
Last hash:  {hash}
Posted:     {posted}
Follows:    {follows}
Held with:  {tools}
Made with:  {made_with}

What is in it
-------------
report.html        the report, to read and to print; it loads nothing and runs nothing
report.md          the same as Markdown
drill.json         all of it as figures: who, when, copies, approvals, checks, times, deviations, follow-ups
events.jsonl       every event as it was stored, with its number, the hash before it, and its own
verification.json  the report on the copy that was tested (null where there is none), without quoted rows
controls.json      which parts speak for which control of SOC 2 and ISO/IEC 27001
manifest.json      the SHA-256 and the size of each file, where the record ends, which record it follows, and with
                   which Lifeboat the archive was made

It holds no row of the database, no key and no password.

How to check it with Lifeboat
-----------------------------
    lifeboat evidence FILE             this archive against itself
    lifeboat evidence FILE PREVIOUS    and that it follows from the archive of the test before

It needs no database and no network. The chain of hashes is followed from its first event; then drill.json and the
reports are made anew from events.jsonl and verification.json, and compared to the byte. So a figure that was changed is
found also where its hash in manifest.json was changed with it. It exits with 0 when all matches, with 1 when something
does not and names it, and with 2 when the file cannot be read.

Any later Lifeboat checks it too. One that words its reports otherwise (“wording” in manifest.json) follows the chain
and compares every figure as well, but holds the texts (reports, controls.json, README.txt) against manifest.json alone,
and says so. The Lifeboat that is named there compares them to the byte; any other words the report anew:

    lifeboat evidence FILE --report NEW.html

How to check it by hand
-----------------------
The files, against manifest.json (with jq and sha256sum):

    unzip FILE -d evidence && cd evidence
    jq -r '.files | to_entries[] | "\\(.value.sha256)  \\(.key)"' manifest.json | sha256sum -c

The record: each hash is the SHA-256 of the hash before it, a line break, and the event's own text. The first follows
{genesis}.

    prev={genesis}
    while IFS= read -r line; do
      event=${{line#*\\"event\\":}}; event=${{event%\\}}}}
      prev=$(printf '%s\\n%s' "$prev" "$event" | sha256sum | cut -d' ' -f1)
      case $line in *"\\"hash\\":\\"$prev\\""*) ;; *) echo "does not match: $line"; break ;; esac
    done < events.jsonl; echo "$prev"

It ends with the last hash above.

What it proves, and what it cannot
----------------------------------
That the record is whole and in order, and that every figure follows from it. It cannot prove that what was recorded is
true, or that nobody wrote the whole record anew, with all its hashes, and every later archive with it. Against that
there are witnesses outside of Lifeboat's database. When a test is over, Lifeboat says so in its channel with the
number of that event and its fingerprint, the first 16 digits of its hash: compare them with “Posted” above, and with
the line of that number in events.jsonl. /drill evidence posts the whole last hash where it is asked for: give it to the
auditor as well, or print it. Events that come later (a follow-up that is done) go on from there.

Which record this one follows stands in its first event, with the hash that ended it when this test was begun: that of
the test which was begun last before, whether it was over by then or not (of a rehearsal, the rehearsal before). So
whoever writes a record anew has to write all later ones anew, and their archives with them.

The report on the copy is no event. It is bound to the record by the copy's SHA-256 and size, the verdict, and the rows
of each table; what else it says is held by manifest.json alone. The versions under “Held with” were noted in the record
when the test's work began; those under “Made with” are as whoever made the archive says.
"""


def readme(made: Dossier) -> str:
    """The text of README.txt."""
    evidence = made.evidence
    record, before, closing = evidence.record, evidence.previous, evidence.record.closing
    return _README.format(
        project=evidence.project or "not said",
        drill=evidence.drill,
        title=evidence.title,
        result=evidence.result,
        events=record.events,
        at=record.last_at.isoformat(),
        hash=record.hash,
        posted=f"event {closing.seq}, fingerprint {fingerprint(closing.hash)}" if closing else "it is not over yet",
        follows=f"{before.id}, event {before.seq}, {before.hash}" if before else "none was begun before",
        tools=_wrapped(listed_words(evidence.tools)),
        made_with=_wrapped(listed_words(made.made_with)),
        genesis=GENESIS,
    )


def _wrapped(words: str) -> str:
    """Words behind a label, on as many lines as they need."""
    return textwrap.fill(words, _WIDTH, initial_indent=_LABEL, subsequent_indent=_LABEL).removeprefix(_LABEL)
