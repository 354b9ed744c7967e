"""Knows what an archive of evidence tells whoever opens it: what is in it, how it is checked, and what it cannot prove.

Knows nothing of how it is made. What is written here is compared to the byte.
"""

from bot.domain.evidence import Evidence
from bot.domain.evidence_chain import GENESIS

_README = """\
Evidence of a backup test
=========================

Test:       {drill} ({title})
Result:     {result}
Last event: {events} of {events}, {at}
Last hash:  {hash}
Follows:    {follows}
Made with:  {tools}

What is in it
-------------
report.html        the report, to read and to print; it loads nothing and runs nothing
report.md          the same as Markdown
drill.json         all of it as figures: who, when, copies, approvals, checks, times, deviations, follow-ups
events.jsonl       every event as it was stored, with its number, the hash before it, and its own
verification.json  the report on the copy that was tested (null where there is none), without quoted rows
controls.json      which parts speak for which control of SOC 2 and ISO/IEC 27001
manifest.json      the SHA-256 and the size of each file, where the record ends, and which record it follows

It holds no row of the database, no key and no password.

How to check it with Lifeboat
-----------------------------
    lifeboat evidence FILE             this archive against itself
    lifeboat evidence FILE PREVIOUS    and that it follows from the archive of the test before

It needs no database and no network. The chain of hashes is followed from its first event; then drill.json and the
reports are made anew from events.jsonl and verification.json, and compared to the byte. So a figure that was changed is
found also where its hash in manifest.json was changed with it. It exits with 0 when all matches, with 1 when something
does not and names it, and with 2 when the file cannot be read. Use the version of Lifeboat that is named above, or one
that knows the same format.

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
there is one remedy: the last hash, kept where the writer cannot change it. /drill evidence posts it in the channel
where it is asked for, outside of Lifeboat's database: give it to the auditor as well, or print it, on the day of the
test. Events that come later (a follow-up that is done) go on from that hash, so it stays to be found in events.jsonl.

The report on the copy is no event. It is bound to the record by the copy's SHA-256 and size, the verdict, and the rows
of each table; what else it says is held by manifest.json alone. The names and versions under “Made with”, and which
record this one follows, are likewise as whoever made the archive says: the latter is proven with the archive before.
"""


def readme(evidence: Evidence) -> str:
    """The text of README.txt."""
    record, before = evidence.record, evidence.previous
    return _README.format(
        drill=evidence.drill,
        title=evidence.title,
        result=evidence.result,
        events=record.events,
        at=record.last_at.isoformat(),
        hash=record.hash,
        follows=f"{before.id}, event {before.seq}, {before.hash}" if before else "no test was held before",
        tools=", ".join(f"{name} {version}" for name, version in evidence.tools.items()) or "not said",
        genesis=GENESIS,
    )
