#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/base/log.h"
#include "daemon/base/program.h"
#include "daemon/gateway/address.h"
#include "daemon/gateway/binding.h"
#include "daemon/gateway/mappings.h"
#include "daemon/gateway/server.h"

extern char **environ;

static int print_help(void)
{
    struct buf text;
    buf_init(&text, 0);
    return config_help(&text) == COACH_OK ? program_print(stdout, &text) : EX_OSERR;
}

static int print_settings(const struct options *o)
{
    struct buf text;
    buf_init(&text, 0);
    return options_dump(o, &text) == COACH_OK ? program_print(stdout, &text) : EX_OSERR;
}

/* Reads what the settings name, and finds what is wrong with them beyond their form. */
static int load(const struct config *config, struct access **access, struct formats **formats, coach_error *err)
{
    struct address address;
    int rc = address_read(config->listen, &address, err);
    if (rc == COACH_OK)
        rc = binding_check(&config->channels, err);
    if (rc == COACH_OK)
        rc = mappings_load(&config->formats, COACH_DATADIR, formats, err);
    return rc == COACH_OK ? access_open(config, access, err) : rc;
}

static int serve(const struct config *config, struct access *access, struct formats *formats)
{
    coach_error err = {0};
    struct server *s = malloc(sizeof *s);
    if (s == NULL) {
        access_free(access);
        return EX_OSERR;
    }
    signal(SIGPIPE, SIG_IGN); /* a peer that has gone is an error of writing to it */
    program_raise_descriptor_limit();
    int rc = server_open(s, config, access, formats, &err);
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
    enum log_level level = LOG_LEVEL_INFO;
    struct access *access = NULL;
    struct formats *formats = NULL;
    coach_error err = {0};
    int code = config->check_config ? print_settings(o) : EX_OK;
    int rc = load(config, &access, &formats, &err);
    log_open("coach-gateway", NULL);
    if (log_level_read(config->log_level, &level))
        log_set_level(level);
    if (rc != COACH_OK) {
        fprintf(stderr, "coach-gateway: %s\n", err.text);
        code = rc == COACH_ENOMEM ? EX_OSERR : EX_CONFIG;
    } else if (config->check_config) {
        access_free(access);
    } else {
        code = serve(config, access, formats);
    }
    formats_unref(formats);
    log_close();
    return code;
}

int main(int argc, char **argv)
{
    struct config config;
    struct options o;
    coach_error err = {0};
    bool in_file = false;
    int rc;
    if (config_read(&config, &o, argc, argv, environ, &in_file, &err) != COACH_OK)
        rc = program_refuse("coach-gateway", in_file, &err);
    else if (config.help)
        rc = print_help();
    else if (config.version)
        rc = puts("coach-gateway " COACH_VERSION) >= 0 ? EX_OK : EX_IOERR;
    else
        rc = start(&config, &o);
    options_clear(&o);
    return rc;
}
