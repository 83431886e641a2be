/* coach: the tool of QA people, call-centre IT and agents. */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/cli/cli.h"
#include "lib/base/diag.h"

static const struct command *const commands[] = {
    &command_check, &command_decode,     &command_try,    &command_explain, &command_sample, &command_show,
    &command_test,  &command_practice,   &command_record, &command_schema,  &command_replay, &command_score,
    &command_send,  &command_ingest_esl, &command_watch,  &command_status};
enum { COMMANDS = sizeof commands / sizeof *commands };

int cli_fail(const char *command, const char *fmt, ...)
{
    va_list ap;
    fflush(stdout);
    fprintf(stderr, "coach %s: ", command);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    return CLI_UNUSABLE;
}

int64_t cli_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void print_commands(FILE *to)
{
    fputs("coach " COACH_VERSION ": write, try and watch live call coaching\n\n"
          "usage: coach COMMAND [OPTIONS] ...\n\ncommands:\n",
          to);
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(to, "  %-12s%s\n", commands[i]->name, commands[i]->summary);
    fputs("\n'coach COMMAND --help' shows the options of a command, with examples.\n"
          "exit codes: 0 nothing found, 1 something found, 2 the command could not do its work\n",
          to);
}

static int print_help(const struct command *c)
{
    struct buf out;
    buf_init(&out, 0);
    int rc = buf_addf(&out, "usage: coach %s [OPTIONS] %s\n\n%s\n\noptions:\n", c->name, c->usage, c->about);
    if (rc == COACH_OK)
        rc = options_help(c->specs, c->nspecs, &out);
    if (rc == COACH_OK)
        rc = buf_addf(&out, "  -h, %-28sthis text\n\nexamples:\n%s", "--help", c->examples);
    if (rc == COACH_OK)
        fputs(out.data, stdout);
    buf_clear(&out);
    return rc == COACH_OK ? CLI_OK : CLI_UNUSABLE;
}

static bool wants_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

static int run(const struct command *c, int argc, char **argv)
{
    coach_error err = {0};
    struct options o;
    if (wants_help(argc, argv))
        return print_help(c);
    void *values = calloc(1, c->values_size);
    int rc = values == NULL ? coach_fail_nomem(&err) : options_init(&o, c->specs, c->nspecs, values, &err);
    if (rc != COACH_OK) {
        free(values);
        return cli_fail(c->name, "%s", err.text);
    }
    rc = options_read_flags(&o, argc, argv, &err);
    int code = rc == COACH_OK ? c->run(values, o.words, o.nwords)
                              : cli_fail(c->name, "%s; 'coach %s --help' shows what there is", err.text, c->name);
    options_clear(&o);
    free(values);
    if (fflush(stdout) != 0 && code == CLI_OK)
        code = cli_fail(c->name, "cannot write the output");
    return code;
}

int main(int argc, char **argv)
{
    const char *names[COMMANDS];
    signal(SIGPIPE, SIG_IGN);
    if (argc < 2) {
        print_commands(stderr);
        return CLI_UNUSABLE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        print_commands(stdout);
        return CLI_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("coach " COACH_VERSION);
        return CLI_OK;
    }
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i]->name, argv[1]) == 0)
            return run(commands[i], argc - 1, argv + 1);
        names[i] = commands[i]->name;
    }
    const char *near = diag_nearest(argv[1], names, COMMANDS);
    fprintf(stderr, "coach: there is no command '%s'%s%s%s\n", argv[1], near == NULL ? "" : "; did you mean '",
            near == NULL ? "" : near, near == NULL ? "; 'coach --help' lists them" : "'?");
    return CLI_UNUSABLE;
}
