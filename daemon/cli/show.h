/* What the parts of `coach show` share. */
#ifndef COACH_CLI_SHOW_H
#define COACH_CLI_SHOW_H

#include "daemon/cli/screen.h"
#include "lib/rules/origin.h"

/* The merged files, and where their parts are printed. */
struct show {
    const struct pack *pack;
    struct screen screen;
    struct arena memory;
    bool json, markdown;
};

/* Each prints its view; returns an exit code. */
int show_subject(struct show *s, const struct origin_subject *subject);
int show_list(struct show *s);
/* CLI_FOUND when sites change something. */
int show_diff(struct show *s);

/* The end of a line: where it was written, which site wanted it and why. `used`: characters already on the line. */
void show_origin(const struct show *s, size_t used, enum origin origin, const struct mark *at,
                 const struct def_override *by);
/* A text of a rule file on one line; returns its characters. */
size_t show_text(const struct show *s, const char *text);
/* Members "file", "line", and of an override "site", "because", "written_for". */
void show_json_place(struct json_out *j, const struct mark *at, const struct def_override *by);

#endif
