#include "daemon/coachd/server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/log.h"
#include "daemon/base/program.h"
#include "daemon/coachd/config.h"
#include "daemon/coachd/reload.h"

extern char **environ;

static int print_help(void)
{
    struct buf text;
    buf_init(&text, 0);
    return config_help(&text) == COACH_OK ? program_print(stdout, &text) : EX_OSERR;
}

/* All problems with their lines, as people read them; of rules that work only that there are some. */
static void print_problems(const struct build *b, bool all)
{
    struct buf text;
    size_t warnings = b->problems.levels[DIAG_WARNING], notes = b->problems.levels[DIAG_NOTE];
    if (b->rc == COACH_OK && !all) {
        if (warnings + notes > 0)
            log_warning("warnings about the rule files: %zu, notes: %zu; see coachd --check-config", warnings, notes);
        return;
    }
    buf_init(&text, 0);
    for (size_t i = 0; i < b->problems.count; i++)
        if (diag_print(&b->problems.items[i], isatty(STDERR_FILENO) == 1, &text) != COACH_OK)
            break;
    (void)program_print(stderr, &text);
    if (b->rc != COACH_OK)
        fprintf(stderr, "coachd: %s\n", b->err.text);
}

static int check_config(const struct options *o, const struct build *b)
{
    struct buf text;
    buf_init(&text, 0);
    if (options_dump(o, &text) != COACH_OK)
        return EX_OSERR;
    if (b->rc == COACH_OK)
        (void)buf_addf(&text, "# rules: %zu, phrases: %zu, hash: %s\n# vendor formats: %zu\n", ruleset_count(b->set),
                       ruleset_phrases(b->set), ruleset_hash(b->set), formats_count(b->defaults.formats));
    int rc = program_print(stdout, &text);
    return b->rc == COACH_OK ? rc : EX_CONFIG;
}

static int serve(const struct config *config, struct ruleset *rules, struct ingest_defaults *defaults)
{
    coach_error err = {0};
    struct server *s = malloc(sizeof *s);
    if (s == NULL)
        return EX_OSERR;
    signal(SIGPIPE, SIG_IGN); /* a peer that has gone is an error of writing to it */
    program_raise_descriptor_limit();
    int rc = server_open(s, config, rules, defaults, &err);
    int code = rc == COACH_OK ? EX_OK : rc == LISTENER_BUSY ? EX_RUNNING : EX_OSERR;
    if (rc != COACH_OK)
        log_error("%s", err.text);
    else if (server_run(s) != COACH_OK)
        code = EX_SOFTWARE;
    free(s);
    return code;
}

static int start(const struct config *config, const struct options *o)
{
    struct build b;
    struct ruleset *rules = NULL;
    struct ingest_defaults defaults = {0};
    enum log_level level = LOG_LEVEL_INFO;
    log_open("coachd", NULL);
    if (log_level_read(config->log_level, &level))
        log_set_level(level);
    build_run(&b, config);
    print_problems(&b, config->check_config);
    int rc = b.rc == COACH_OK ? EX_OK : b.rc == COACH_ENOMEM ? EX_OSERR : EX_CONFIG;
    if (config->check_config) {
        rc = check_config(o, &b);
    } else if (rc == EX_OK) {
        rules = b.set;
        b.set = NULL;
        defaults = b.defaults;
        b.defaults = (struct ingest_defaults){0};
    }
    build_clear(&b);
    if (rules != NULL)
        rc = serve(config, rules, &defaults);
    ruleset_unref(rules);
    ingest_defaults_clear(&defaults);
    log_close();
    return rc;
}

int main(int argc, char **argv)
{
    struct config config;
    struct options o;
    coach_error err = {0};
    bool in_file = false;
    int rc;
    if (config_read(&config, &o, argc, argv, environ, &in_file, &err) != COACH_OK)
        rc = program_refuse("coachd", in_file, &err);
    else if (config.help)
        rc = print_help();
    else if (config.version)
        rc = puts("coachd " COACH_VERSION) >= 0 ? EX_OK : EX_IOERR;
    else
        rc = start(&config, &o);
    options_clear(&o);
    return rc;
}
