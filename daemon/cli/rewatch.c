/* The files are read every so often and compared by what they hold. That is plain and sees every way of saving: in
 * place, by renaming, by deleting and writing anew, through links and over the network. A change counts once two looks
 * in a row agree, so that a file caught half written is not judged. */
#include "daemon/cli/rewatch.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "daemon/base/rulefiles.h"
#include "daemon/cli/cli.h"
#include "daemon/cli/screen.h"
#include "lib/base/hash.h"

enum { LOOK_MS = 300 };

static volatile sig_atomic_t stopped;

static void on_stop(int number)
{
    (void)number;
    stopped = 1;
}

/* One look at the files. */
struct look {
    struct rulefiles files;
    struct diags problems;
    coach_error err;
    int rc;
    uint64_t print; /* differs when anything does */
};

static void add_sources(struct hash_fields *h, const struct source *sources, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        hash_fields_add(h, sources[i].name, strlen(sources[i].name));
        hash_fields_add(h, sources[i].text, sources[i].len);
    }
}

static void look_take(struct look *l, const struct option_list *rules, const char *languages)
{
    *l = (struct look){0};
    rulefiles_init(&l->files);
    diags_init(&l->problems);
    l->rc = rulefiles_load(&l->files, rules->items, rules->count, languages, COACH_DATADIR, &l->problems, &l->err);
    struct hash_fields h;
    hash_fields_init(&h);
    add_sources(&h, l->files.rules, l->files.nrules);
    add_sources(&h, l->files.languages, l->files.nlanguages);
    hash_fields_add(&h, l->err.text, l->rc == COACH_OK ? 0 : strlen(l->err.text));
    hash_fields_add(&h, &l->problems.count, sizeof l->problems.count);
    l->print = h.value;
}

static void look_clear(struct look *l)
{
    diags_clear(&l->problems);
    rulefiles_clear(&l->files);
}

static void print_problems(const struct screen *s, const struct diags *problems)
{
    struct buf out;
    buf_init(&out, 0);
    for (size_t i = 0; i < problems->count; i++)
        if (problems->items[i].level != DIAG_NOTE)
            diag_print(&problems->items[i], s->color, &out);
    if (out.data != NULL)
        fputs(out.data, s->to);
    buf_clear(&out);
    size_t errors = problems->levels[DIAG_ERROR];
    if (errors > 0)
        fprintf(s->to, "%zu error%s: mend %s and save\n", errors, errors == 1 ? "" : "s", errors == 1 ? "it" : "them");
}

static void judge(struct look *l, const struct screen *s, rewatch_fn fn, void *user)
{
    struct ruleset *set = NULL;
    int rc = l->rc;
    if (rc == COACH_OK)
        rc = rulefiles_build(&l->files, &set, &l->problems);
    if (l->rc != COACH_OK) {
        screen_text(s, l->err.text, strlen(l->err.text));
        fputc('\n', s->to);
    } else if (rc == COACH_ENOMEM) {
        fputs("out of memory\n", s->to);
    } else {
        print_problems(s, &l->problems);
        if (set != NULL && diags_clean(&l->problems))
            fn(user, set);
    }
    ruleset_unref(set);
}

static void heed_signals(void)
{
    struct sigaction action = {.sa_handler = on_stop}; /* without SA_RESTART: poll() ends at once */
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

static void say_again(const struct screen *s, bool first)
{
    if (!first)
        screen_heading(s, "--- saved, and tried again");
    else if (s->terminal)
        fputs("trying again whenever a rule file is saved; Ctrl-C ends it\n", s->to);
}

int rewatch_run(const char *command, const struct option_list *rules, const char *languages, rewatch_fn fn, void *user)
{
    struct screen s = screen_of(stderr);
    uint64_t judged = 0, seen = 0;
    int code = CLI_OK;
    heed_signals();
    for (bool first = true; !stopped && ferror(stdout) == 0; first = false) {
        struct look l;
        look_take(&l, rules, languages);
        if (first && l.rc != COACH_OK) {
            code = cli_fail(command, "%s", l.err.text);
            look_clear(&l);
            break;
        }
        if (first || (l.print == seen && l.print != judged)) {
            say_again(&s, first);
            judge(&l, &s, fn, user);
            fflush(stdout);
            judged = l.print;
        }
        seen = l.print;
        look_clear(&l);
        struct pollfd output = {.fd = fileno(stdout)}; /* a pipe whose reader has gone says so */
        if (!stopped && poll(&output, 1, LOOK_MS) > 0 && (output.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0)
            break;
    }
    return code;
}
