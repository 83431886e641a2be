#include "lib/rules/codes.h"

#include <stdlib.h>
#include <string.h>

#define ERROR(name, means, todo)                                                                                       \
    {                                                                                                                  \
        name, DIAG_ERROR, means, todo                                                                                  \
    }
#define WARNING(name, means, todo)                                                                                     \
    {                                                                                                                  \
        name, DIAG_WARNING, means, todo                                                                                \
    }
#define NOTE(name, means, todo)                                                                                        \
    {                                                                                                                  \
        name, DIAG_NOTE, means, todo                                                                                   \
    }

/* One row for each code, ordered by name. A new code needs its row here and a file in tests/broken. */
/* clang-format off */
static const struct code codes[] = {
    ERROR("alias", "A value begins with '*', which YAML reads as a reference to another place.",
          "Write the text out; a text that must begin with '*' goes into a block: 'key: |'."),
    ERROR("anchor", "A value begins with '&', which YAML reads as a name for this place.",
          "Delete the word that begins with '&'; to reuse phrases, make a list."),
    ERROR("bad-name", "A name has a character that names cannot have, is too long, or is taken by the language.",
          "Use small letters, digits and '-': dismissive-calm-down."),
    ERROR("bad-value", "The value is none of those that are possible here.",
          "Write one of the values that the message names."),
    ERROR("bad-window", "The time or number of turns of a condition is not understood.",
          "Write one of: same turn, 2 agent turns, 4 turns, 20s, or '2 agent turns or 25s'."),
    ERROR("bidi-control", "An invisible character turns the direction of text, so that it looks other than it is.",
          "Delete it; retype the line if you cannot see it."),
    ERROR("block", "Something stands behind the '|' or '>' that begins a block.",
          "Write nothing after the '|', and the text on the next line, indented."),
    ERROR("bracket", "A bracket is not closed or not opened, or '|' stands outside brackets.",
          "Put alternatives into round brackets: (calm | settle) down."),
    ERROR("colon-in-text", "A text contains ': ', which YAML reads as the end of a key.",
          "Write 'message: |' and put the text on the next line, indented; in a phrase leave the colon out."),
    ERROR("control-character", "The file holds an invisible control character.",
          "Delete it; retype the line if you cannot see it."),
    ERROR("depth", "The file is nested deeper than 32 levels.",
          "Rule files need five; look for lines that are indented too far."),
    ERROR("directive", "A line begins with '%', which YAML reads as an instruction to itself.",
          "Delete the line."),
    ERROR("document-end", "A line begins with '...', which ends the file for YAML.",
          "A gap stands between two words of a phrase; anything else goes into a block: 'key: |'."),
    ERROR("documents", "A second document begins in this file, after '---'.",
          "Put it into a file of its own, or delete the '---'."),
    ERROR("duplicate-key", "The same key is given twice in one place, and only one of them could count.",
          "Delete one of the two; before the id of a new rule there must be '- '."),
    ERROR("duplicate-name", "Two rules, two lists or two signals have the same name.",
          "Give one of them another name."),
    ERROR("empty-alternative", "Nothing stands on one side of '|', or between two brackets.",
          "Write a word there; for a part that may be missing write (word)?."),
    ERROR("empty-file", "There is nothing in this file.",
          "A rule file begins with 'format: 1'."),
    ERROR("empty-list", "A list has no phrase in it.",
          "Add a phrase, or delete the list."),
    ERROR("escape", "Between double quotes a backslash means something else than itself.",
          "Use single quotes, or a block: 'regex: |' and the expression on the next line."),
    WARNING("example-repeated", "The same sentence is given twice as an example of one rule.",
            "Delete one of the two; an example that differs shows more."),
    ERROR("exception-unproved", "No 'no_match' sentence shows what an exception is for (a warning for an exception "
          "that a site file adds to a rule).",
          "Add a sentence under 'no_match:' that only this exception keeps quiet, or delete the exception."),
    WARNING("file-ignored", "A file ends in .yml, and only files that end in .yaml are read.",
            "Rename it to end in .yaml."),
    ERROR("file-too-long", "The file has more than 1 MiB.",
          "Split it into several files."),
    ERROR("first-character", "A text begins with a character that has a meaning of its own in YAML.",
          "Use a block: 'message: |' and the text on the next line, indented."),
    ERROR("flow", "A value begins with '[' or '{', which YAML reads as a list or keys inside one line.",
          "Put each item on its own line; a message that begins so goes into a block: 'message: |'."),
    ERROR("folder-depth", "Folders are nested too deep.",
          "Keep to 15 levels."),
    WARNING("folder-loop", "A link leads back to a folder above it.",
            "Remove the link."),
    ERROR("format", "The version of the rule language is missing, or newer than this program.",
          "Begin the file with 'format: 1'."),
    ERROR("gap", "A gap is not three dots with a number from 1 to 15, or two gaps follow each other.",
          "Write calm ... down, or calm ...5 down."),
    ERROR("gap-at-end", "A gap does not stand between two words that must be there.",
          "Leave it out: what comes before and after a phrase never matters."),
    ERROR("hash", "Text follows a '#' without a space: YAML would take it for a comment and lose it.",
          "A comment is '# ' with a space after the hash; a text with a hash goes into a block: 'key: |'."),
    ERROR("indentation", "A line does not fit the lines above it.",
          "Put it in the same column as its neighbours; a list item begins with '- ', a key ends in ':'."),
    ERROR("language", "There is no language table for the language, or files of two languages are loaded together.",
          "Write a language that rules/languages has a table for, the same in every file."),
    ERROR("line-separator", "The file holds a line end that only some programs see.",
          "Save the file with ordinary line ends."),
    ERROR("list-cycle", "A list contains itself, directly or through another list.",
          "Write the words out in one of the two."),
    ERROR("list-depth", "Lists of lists go deeper than 8.",
          "Write the words of the inner lists out."),
    ERROR("list-name", "What stands between '<' and '>' is not the name of a list, or '>' is missing.",
          "Write <reason>: small letters, digits, '_' and '-'."),
    ERROR("list-place", "A list begins on the line of its key.",
          "Put the '- ' on the next line, indented."),
    ERROR("lone-apostrophe", "An ending such as 's stands by itself: in speech it is part of the word before it, "
          "so the phrase would never match.",
          "Write it as one word: bank's."),
    ERROR("match-fails", "A 'match' sentence does not set its rule off.",
          "Mend the phrases, or the example."),
    ERROR("merge-key", "The key '<<' copies keys from another place in YAML.",
          "Write the keys out; what all rules of a file share goes under 'defaults:'."),
    WARNING("message-length", "A message is longer than a card has room for.",
            "Keep the dozen words that help; cards have room for 140 characters."),
    ERROR("missing-key", "A key that must be there is missing.",
          "Add the line that the hint shows."),
    ERROR("nested-key", "A list or keys stand where the name of a key is expected.",
          "A key is one word followed by ':'."),
    ERROR("nested-list", "Two '- ' begin one line, which makes a list inside a list.",
          "Begin the line with one '- ' only."),
    WARNING("no-effect", "A key changes nothing where it stands.",
            "Delete it, or put it where it counts."),
    ERROR("no-match-examples", "A rule has no 'match' or no 'no_match' sentences.",
          "Add a sentence for each phrase under 'match:', and close but harmless ones under 'no_match:'."),
    ERROR("no-match-fires", "A 'no_match' sentence sets its rule off.",
          "Make the phrases narrower, or add an exception."),
    ERROR("no-match-vacuous", "A 'no_match' sentence shares no word with the rule, so it proves nothing.",
          "Take a sentence that is close to one of the phrases."),
    ERROR("no-rules", "There is no rule in any of the files.",
          "Add one under 'rules:'."),
    NOTE("not-evaluated", "A part of a rule file is read and checked, but this version does not run it.",
         "Nothing; it is said so that nobody waits for it."),
    ERROR("nul", "The file holds a NUL character.",
          "Delete it, or save the file again as plain UTF-8 text."),
    ERROR("pack-or-site", "A file does not say which pack or site it belongs to, or names both.",
          "Write 'pack: its-name' for a pack of rules, 'site: its-name' for changes of your own."),
    ERROR("phrase-character", "A phrase holds a character that has no meaning in it.",
          "Leave it out, or write it as the word that is said."),
    ERROR("phrase-depth", "The brackets of a phrase are nested deeper than 6.",
          "Make a list of the inner part and write <its_name>."),
    ERROR("phrase-empty", "A phrase asks for no word, and would match any line.",
          "Write at least one word that must be said."),
    WARNING("phrase-everyday", "A phrase can be met by one or two everyday words, so it will fire all the time.",
            "Add the words around it that make it what it is."),
    WARNING("phrase-one-word", "A phrase is a single word, which is said for many reasons.",
            "Add the words around it that make it what it is."),
    WARNING("phrase-redundant", "Another phrase of the rule matches wherever this one does.",
            "Delete the narrower of the two."),
    ERROR("phrase-too-large", "A phrase is too large once its lists are filled in.",
          "Split it into several phrases, or make its lists shorter."),
    ERROR("phrase-too-long", "A phrase has more than 64 items.",
          "Split it into several phrases."),
    ERROR("phrase-unproved", "No 'match' sentence holds a phrase.",
          "Add a sentence with it under 'match:', or delete the phrase."),
    ERROR("placeholder", "A message asks for something in { } that cannot be filled in.",
          "Possible are {said}, {plain} in a swap rule, and {name} for a list <name> in its phrases."),
    WARNING("praise-quiets", "A rule that praises keeps other rules quiet, so that advice is lost.",
            "Delete 'quiets:', or give the rule another severity."),
    ERROR("prefix", "A star does not end a word of at least three letters.",
          "Put the star right after the letters: escalat*."),
    ERROR("question-key", "A line begins with '? ', which YAML reads as a key.",
          "Delete the '? '."),
    ERROR("question-mark", "A '?' stands somewhere else than after a bracket.",
          "For a word that may be missing write (word)?; leave other question marks out."),
    ERROR("quote", "A quote begins or ends in the middle of a text.",
          "Remove the quotes, they are not needed."),
    WARNING("quotes-customer", "A message quotes the customer, who may have read out a card number.",
            "Say it without {said}."),
    ERROR("rule-body", "A rule has none or several of says, swap, regex and when, or no phrase in it.",
          "Give it one of them, with at least one phrase; of two make two rules."),
    WARNING("rules-overlap", "An example of one rule also sets off another rule of the same category: an agent would "
            "be told twice.",
            "Make one of the two narrower, add an exception, or make one rule of them."),
    ERROR("suggestions", "A rule has more than two suggestions.",
          "Keep the two best."),
    ERROR("tab", "The file holds a tab.",
          "Use spaces: two for each level."),
    ERROR("tag", "A value begins with '!', which YAML takes away and reads as a type.",
          "Delete the word that begins with '!'; in a phrase there is no 'not'."),
    ERROR("title-length", "A title is longer than a card has room for.",
          "Keep it to 42 characters."),
    ERROR("unknown-category", "No category has this name.",
          "Use one of the shipped ones, or declare it under 'categories:'."),
    ERROR("unknown-key", "No key has this name here.",
          "Look at the spelling; the hint names the nearest key."),
    ERROR("unknown-list", "No list has this name.",
          "Look at the spelling; lists are declared under 'lists:'."),
    ERROR("unknown-rule", "No rule has this id.",
          "Look at the spelling."),
    ERROR("unknown-signal", "No signal has this name.",
          "Look at the spelling; signals are declared under 'signals:'."),
    ERROR("unreadable-file", "A file cannot be read.",
          "Mend what the message names: most often its permissions."),
    ERROR("unreadable-folder", "A folder cannot be read.",
          "Mend what the message names: most often its permissions."),
    WARNING("unused-list", "No phrase of a rule or a signal uses a list.",
            "Delete it, or write <its_name> in a phrase."),
    WARNING("unused-signal", "No rule uses a signal.",
            "Delete it, or name it in a rule's 'when:'."),
    ERROR("utf8", "The file is not UTF-8 text.",
          "Save it as UTF-8."),
    ERROR("when-extra", "A key does not go with the verb of the condition.",
          "Delete it, or choose another verb."),
    ERROR("when-incomplete", "A key is missing that the verb of the condition needs.",
          "Add it beside the verb."),
    ERROR("when-verb", "A condition has no verb, or more than one.",
          "Write one of: after, at, sequence, count, overlap, silence, monologue, pace, questions."),
    ERROR("word-forms", "A '~' does not stand right before one word.",
          "Write the plain form of one word: ~escalate."),
    ERROR("wrong-kind", "A text, a list or keys with values stand where something else is expected.",
          "Write it as the hint shows: a list has each item on a line of its own that begins with '- '."),
};
/* clang-format on */

const struct code *codes_all(size_t *n)
{
    *n = sizeof codes / sizeof *codes;
    return codes;
}

static int by_name(const void *name, const void *row)
{
    return strcmp(name, ((const struct code *)row)->name);
}

void codes_fill_hints(struct diags *problems)
{
    for (size_t i = 0; i < problems->count; i++) {
        struct diag *d = &problems->items[i];
        if (d->hint != NULL || d->level == DIAG_NOTE)
            continue;
        const struct code *row = bsearch(d->code, codes, sizeof codes / sizeof *codes, sizeof *codes, by_name);
        d->hint = row == NULL ? NULL : row->todo;
    }
}
