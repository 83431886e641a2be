/* What the commands of `coach` share: their descriptor, their exit codes, where the runtime directory is. */
#ifndef COACH_CLI_CLI_H
#define COACH_CLI_CLI_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/base/options.h"

/* Exit codes, for scripts. */
enum { CLI_OK = 0, CLI_FOUND = 1, CLI_UNUSABLE = 2 };

/* One command: a file each, exporting one of these. */
struct command {
    const char *name;
    const char *usage;   /* the words after its options */
    const char *summary; /* a line for the list of commands */
    const char *about;   /* what --help says before the options */
    const char *examples;
    const struct option_spec *specs;
    size_t nspecs;
    size_t values_size; /* of the struct that the specs fill */
    /* Runs it; returns an exit code, having said on stderr what went wrong. */
    int (*run)(const void *values, const char *const *words, size_t nwords);
};

extern const struct command command_check, command_decode, command_explain, command_ingest_esl, command_practice,
    command_record, command_replay, command_sample, command_schema, command_score, command_send, command_show,
    command_status, command_test, command_try, command_watch;

#define CLI_DEFAULT_RUNTIME_DIR "/run/coachd"

/* Specs that several commands have; `struct_` is the values struct with a member of that name. */
#define CLI_RULES_SPECS(struct_)                                                                                       \
    {.name = "rules",                                                                                                  \
     .letter = 'r',                                                                                                    \
     .kind = OPTION_LIST,                                                                                              \
     .arg = "PATH",                                                                                                    \
     .offset = offsetof(struct struct_, rules),                                                                        \
     .help = "rule file or folder; may be given several times, packs first, then sites"},                              \
    {                                                                                                                  \
        .name = "languages", .kind = OPTION_TEXT, .arg = "DIR", .offset = offsetof(struct struct_, languages),         \
        .help = "folder of the language tables"                                                                        \
    }
#define CLI_FORMATS_SPEC(struct_)                                                                                      \
    {                                                                                                                  \
        .name = "formats", .kind = OPTION_LIST, .arg = "PATH", .offset = offsetof(struct struct_, formats),            \
        .help = "mapping file or folder of vendor formats; may be repeated (default: the shipped ones)"                \
    }
#define CLI_CHANNELS_SPEC(struct_)                                                                                     \
    {                                                                                                                  \
        .name = "channel", .kind = OPTION_LIST, .arg = "CHANNEL=ROLE", .offset = offsetof(struct struct_, channels),   \
        .help = "who speaks on a channel: 0=customer; may be repeated"                                                 \
    }
#define CLI_RUNTIME_SPEC(struct_)                                                                                      \
    {                                                                                                                  \
        .name = "runtime-dir", .letter = 'd', .kind = OPTION_TEXT, .arg = "DIR", .fallback = CLI_DEFAULT_RUNTIME_DIR,  \
        .offset = offsetof(struct struct_, runtime_dir), .help = "folder of the daemon's sockets"                      \
    }
#define CLI_JSON_SPEC(struct_, help_)                                                                                  \
    {                                                                                                                  \
        .name = "json", .kind = OPTION_BOOL, .offset = offsetof(struct struct_, json), .help = help_                   \
    }

/* "coach NAME: text" on stderr; returns CLI_UNUSABLE. */
int cli_fail(const char *command, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Monotonic milliseconds. */
int64_t cli_now_ms(void);

#endif
