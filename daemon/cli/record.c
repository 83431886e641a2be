/* coach record: a recorded call as a call test. */
#include <stdio.h>
#include <string.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/recordings.h"
#include "daemon/cli/ruleset.h"
#include "lib/eval/callrecord.h"

struct values {
    struct option_list rules;
    const char *languages;
    const char *call;
};

static const struct option_spec specs[] = {
    CLI_RULES_SPECS(values),
    {.name = "call",
     .letter = 'c',
     .kind = OPTION_TEXT,
     .arg = "ID",
     .offset = offsetof(struct values, call),
     .help = "which call, where the recording holds several"},
};

/* The one call of the recording, or NULL having said which there are. */
static const char *only_call(const struct recording *r, const char *file)
{
    const struct wire_text *first = &r->events[0].call_id;
    for (size_t i = 1; i < r->count; i++)
        if (strcmp(r->events[i].call_id.s, first->s) != 0) {
            cli_fail("record", "%s holds several calls, '%s' and '%s' among them: name one with --call", file, first->s,
                     r->events[i].call_id.s);
            return NULL;
        }
    return first->s;
}

static int print(const struct recording *r, const char *call, const char *file, const struct ruleset *set)
{
    struct buf out;
    buf_init(&out, 0);
    int rc = callrecord_write(r, call, set, &out), code = CLI_OK;
    if (rc == COACH_OK)
        fputs(out.data, stdout);
    else if (rc == COACH_EINVAL)
        code = cli_fail("record", "%s: nobody says anything in a call '%s'", file, call);
    else if (rc == COACH_ELIMIT)
        code =
            cli_fail("record", "%s: the lines of '%s' came too far out of order to be written as a test", file, call);
    else
        code = cli_fail("record", "out of memory");
    buf_clear(&out);
    return code;
}

static int record(const struct values *v, const char *file, const struct ruleset *set)
{
    struct recording recording;
    uint64_t bad;
    int code = recordings_read("record", file, &recording, &bad);
    const char *call = code != CLI_OK ? NULL : v->call != NULL ? v->call : only_call(&recording, file);
    code = call == NULL ? CLI_UNUSABLE : print(&recording, call, file, set);
    if (code == CLI_OK && bad > 0)
        code = cli_fail("record", "%s: %llu lines could not be read", file, (unsigned long long)bad);
    recording_clear(&recording);
    return code;
}

static int run(const void *given, const char *const *words, size_t nwords)
{
    const struct values *v = given;
    struct loaded rules;
    if (nwords != 1)
        return cli_fail("record", "one recording is needed. For example: coach record call.ndjson");
    int code = loaded_read(&rules, "record", &v->rules, v->languages);
    if (code == CLI_OK)
        code = record(v, words[0], rules.set);
    loaded_clear(&rules);
    return code;
}

const struct command command_record = {
    .name = "record",
    .usage = "FILE",
    .summary = "a recorded call as a call test, to be read and approved",
    .about =
        "Prints a recorded call as a test for the 'tests:' of a rule file: what was said, and under each line what "
        "the rules\n"
        "find there today. Whether that is right is for a person to say: read it, change it, then keep it. 'coach "
        "test' holds\n"
        "the rules to it from then on. Times are as coarse as they can be without changing what is found.\n\n"
        "exit codes: 0 printed, 2 the recording or the rules could not be read, or it cannot be written as a test",
    .examples = "  coach record tests/cases/parcel.ndjson\n"
                "  coach record --rules my-rules.yaml --call c-1842 monday.ndjson >> my-tests.yaml\n",
    .specs = specs,
    .nspecs = sizeof specs / sizeof *specs,
    .values_size = sizeof(struct values),
    .run = run,
};
