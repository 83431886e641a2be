#include "lib/rules/site.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/error.h"
#include "lib/rules/pack.h"

/* Names and items among which the nearest is looked for: each takes a while to compare. */
enum { MOST_NEAR = 256 };

/* An item of a list field that some override touches. */
struct item_state {
    const struct yaml_node *node;
    const char *plain; /* of a swap */
    const struct def_change *removed;
};

/* A list field that some override touches. */
struct field {
    struct site_target *target;
    const struct key *key;
    void *member;                     /* of the merged def */
    size_t cap;                       /* of its items; 0 while they are the pack's */
    const struct def_change *removal; /* the last */
};

/* What a merge works with. */
struct merge {
    struct pack *pack;
    struct table fields;   /* address of a member -> struct field * */
    struct table items;    /* address of a member and an item's text -> struct item_state * */
    struct table replaced; /* old id -> struct def_rule * */
    struct buf key;
};

size_t site_item_count(const struct key *key, const void *value)
{
    return key->kind == KEY_TEXTS ? ((const struct def_texts *)value)->count
                                  : ((const struct def_phrases *)value)->count;
}

const struct yaml_node *site_item(const struct key *key, const void *value, size_t i)
{
    return key->kind == KEY_TEXTS ? ((const struct def_texts *)value)->items[i].node
                                  : ((const struct def_phrases *)value)->items[i].node;
}

bool site_item_counts(const struct site_target *t, const struct def_change *c, size_t i)
{
    const char *merged = (const char *)t->def + c->key->offset;
    const struct yaml_node *item = site_item(c->key, c->value, i);
    for (size_t k = 0; c->verb == OVERRIDE_ADD && k < site_item_count(c->key, merged); k++)
        if (site_item(c->key, merged, k) == item)
            return true;
    return c->verb != OVERRIDE_ADD;
}

static const char *plain_of(const struct key *key, const void *member, size_t i)
{
    return key->kind == KEY_TEXTS ? NULL : ((const struct def_phrases *)member)->items[i].plain;
}

const struct rulefile *site_file_of(const struct pack *pack, const struct yaml_node *node)
{
    for (size_t i = 0; i < pack->file_count; i++)
        if (pack->files[i].doc.source == node->at.source)
            return pack->files[i].site.node != NULL ? &pack->files[i] : NULL;
    return NULL;
}

const struct site_target *site_target_of(const struct pack *pack, const void *def)
{
    return table_get(&pack->site.targets, (const char *)&def, sizeof def);
}

/* --- names --- */

void site_refuse_taken(struct pack *pack, const struct yaml_node *at, const char *name, const char *what,
                       const struct yaml_node *first)
{
    char hint[300];
    snprintf(hint, sizeof hint, "it is at %.120s:%d; change it under 'overrides:', or give yours another name",
             first->at.source->name, first->at.line);
    keys_refuse(pack->problems, at, "site-name-taken", hint, "'%.64s' is a %s of a pack; a site cannot take its name",
                name, what);
}

static void check_prefix(struct pack *pack, const struct rulefile *f, const struct def_rule *r)
{
    size_t n = strlen(f->site.s);
    if (r->id.node == NULL || table_get(&pack->rules, r->id.s, strlen(r->id.s)) != r)
        return; /* reported */
    if (strncmp(r->id.s, f->site.s, n) == 0 && r->id.s[n] == '-' && r->id.s[n + 1] != '\0')
        return;
    char hint[200];
    snprintf(hint, sizeof hint, "call it '%.64s-%.64s'; no rule of a pack can take that name later", f->site.s,
             r->id.s);
    keys_refuse(pack->problems, r->id.node, "site-prefix", hint, "the rules of site '%.64s' begin with '%.64s-'",
                f->site.s, f->site.s);
}

/* --- the target --- */

static const struct table *names_of(const struct pack *pack, enum override_kind kind)
{
    return kind == OVERRIDE_RULE ? &pack->rules : kind == OVERRIDE_SIGNAL ? &pack->signals : &pack->list_defs;
}

static const struct yaml_node *place_of(enum override_kind kind, const void *def)
{
    if (kind == OVERRIDE_RULE)
        return ((const struct def_rule *)def)->id.node;
    if (kind == OVERRIDE_SIGNAL)
        return ((const struct def_signal *)def)->id.node;
    return ((const struct def_list *)def)->node;
}

static int note_replaced(struct merge *m)
{
    int rc = COACH_OK;
    for (size_t i = 0; i < m->pack->file_count && rc == COACH_OK; i++)
        for (size_t k = 0; k < m->pack->files[i].rule_count && rc == COACH_OK; k++) {
            struct def_rule *r = &m->pack->files[i].rules[k];
            for (size_t j = 0; j < r->replaces.count && rc == COACH_OK && r->id.node != NULL; j++)
                rc = table_set(&m->replaced, r->replaces.items[j].s, strlen(r->replaces.items[j].s), r);
        }
    return rc;
}

static bool all_readable(const struct pack *pack)
{
    for (size_t i = 0; i < pack->file_count; i++)
        if (pack->files[i].doc.root == NULL)
            return false;
    return true;
}

static bool has_pack(const struct pack *pack)
{
    for (size_t i = 0; i < pack->file_count; i++)
        if (pack->files[i].site.node == NULL)
            return true;
    return false;
}

static void refuse_missing(struct merge *m, const struct def_override *o)
{
    const char *kind = override_kind_name(o->kind), *names[MOST_NEAR];
    const struct table *known = names_of(m->pack, o->kind);
    const struct def_rule *now =
        o->kind == OVERRIDE_RULE ? table_get(&m->replaced, o->target.s, strlen(o->target.s)) : NULL;
    char hint[400];
    if (now != NULL) {
        snprintf(hint, sizeof hint, "write 'rule: %.64s', after a look at it: %.120s:%d", now->id.s,
                 now->id.node->at.source->name, now->id.node->at.line);
        keys_refuse(m->pack->problems, o->target.node, "override-target", hint,
                    "the rule '%.64s' is now called '%.64s'", o->target.s, now->id.s);
        return;
    }
    size_t n = 0;
    for (struct table_entry *e = table_next(known, NULL); e != NULL && n < MOST_NEAR; e = table_next(known, e))
        names[n++] = table_key(e, NULL);
    const char *near = diags_full(m->pack->problems) ? NULL : diag_nearest(o->target.s, names, n);
    if (near != NULL)
        snprintf(hint, sizeof hint, "did you mean '%.64s'?", near);
    else
        snprintf(hint, sizeof hint, "%s",
                 has_pack(m->pack) ? "'coach show --list' names the rules there are"
                                   : "name the pack as well, before the site: coach check PACK SITE");
    keys_refuse(m->pack->problems, o->target.node, "override-target", hint, "there is no %s called '%.64s'", kind,
                o->target.s);
}

static void *copy_of(struct merge *m, enum override_kind kind, const void *def)
{
    static const size_t sizes[] = {[OVERRIDE_RULE] = sizeof(struct def_rule),
                                   [OVERRIDE_SIGNAL] = sizeof(struct def_signal),
                                   [OVERRIDE_LIST] = sizeof(struct def_list)};
    void *copy = arena_alloc(&m->pack->memory, sizes[kind]);
    if (copy != NULL)
        memcpy(copy, def, sizes[kind]);
    return copy;
}

static int open_target(struct merge *m, const struct def_override *o, void *def, struct site_target **ret)
{
    struct table *targets = &m->pack->site.targets;
    struct site_target *t = table_get(targets, (const char *)&def, sizeof def);
    int rc = COACH_OK;
    if (t == NULL) {
        t = arena_alloc(&m->pack->memory, sizeof *t);
        void *before = copy_of(m, o->kind, def);
        if (t == NULL || before == NULL)
            return COACH_ENOMEM;
        *t = (struct site_target){
            .kind = o->kind, .file = pack_file_of(m->pack, place_of(o->kind, def)), .def = def, .before = before};
        rc = table_set(targets, (const char *)&def, sizeof def, t);
    }
    *ret = t;
    return rc;
}

/* What the pack says of a field: in the rule itself, or for all rules of its file. NULL: nothing. */
static const struct yaml_node *said_before(const struct site_target *t, const struct key *key)
{
    const struct yaml_node *own = override_node((const char *)t->before + key->offset);
    if (own != NULL || t->kind != OVERRIDE_RULE)
        return own;
    return override_node((const char *)&t->file->defaults + key->offset);
}

/* Adds what the pack says today of a field that the override sets. */
static size_t add_today(char *to, size_t room, size_t used, const struct site_target *t, const struct def_change *c)
{
    const struct yaml_node *now = said_before(t, c->key);
    if (used + 1 >= room || c->verb != OVERRIDE_SET)
        return used;
    if (now == NULL)
        return used + (size_t)snprintf(to + used, room - used, ", no %s of its own", c->key->name);
    if (now->kind == YAML_SCALAR)
        return used + (size_t)snprintf(to + used, room - used, ", %s: %.60s", c->key->name, now->text);
    return used + (size_t)snprintf(to + used, room - used, ", %s: line %d", c->key->name, now->at.line);
}

static void warn_revision(struct merge *m, const struct def_override *o, const struct site_target *t, int64_t rev)
{
    const struct def_rule *r = t->before;
    char today[240] = "", hint[480];
    size_t used = 0;
    for (size_t i = 0; i < o->change_count; i++)
        used = add_today(today, sizeof today, used, t, &o->changes[i]);
    bool stale = o->written_for.value < rev;
    snprintf(hint, sizeof hint,
             stale ? "read %.120s:%d (rev %lld%s); where the change still holds, write 'written_for: %lld'"
                   : "is the pack older than this file? %.120s:%d has rev %lld%s; written_for would be %lld",
             r->id.node->at.source->name, (r->rev.node != NULL ? r->rev.node : r->id.node)->at.line, (long long)rev,
             today, (long long)rev);
    diags_add(m->pack->problems, DIAG_WARNING, stale ? "override-stale" : "override-ahead", &o->written_for.node->at,
              hint,
              stale ? "the pack has changed '%.64s' since: this was written for rev %lld, it now has rev %lld"
                    : "this is ahead of the pack: '%.64s' has not reached rev %lld, it has rev %lld",
              o->target.s, (long long)o->written_for.value, (long long)rev);
}

static void check_revision(struct merge *m, const struct def_override *o, const struct site_target *t)
{
    if (o->kind != OVERRIDE_RULE) {
        if (o->written_for.node != NULL)
            diags_add(m->pack->problems, DIAG_WARNING, "override-revision", &o->written_for.node->at,
                      "delete this line", "a %s has no revision", override_kind_name(o->kind));
        return;
    }
    const struct def_rule *r = t->before;
    int64_t rev = r->rev.node != NULL ? r->rev.value : 1;
    char hint[120];
    if (yaml_get(o->node, "written_for") == NULL) {
        snprintf(hint, sizeof hint, "add a line 'written_for: %lld', the revision that the rule has today",
                 (long long)rev);
        keys_refuse(m->pack->problems, o->node, "missing-key", hint, "this override has no 'written_for'");
    } else if (o->written_for.node != NULL && o->written_for.value != rev) {
        warn_revision(m, o, t, rev);
    }
}

/* Finds what an override changes; `*ret` stays NULL when it cannot be applied, which is reported. */
static int find_target(struct merge *m, const struct def_override *o, struct site_target **ret)
{
    *ret = NULL;
    if (o->kind == OVERRIDE_NONE || o->target.node == NULL || o->file->site.node == NULL)
        return COACH_OK; /* reported */
    void *def = table_get(names_of(m->pack, o->kind), o->target.s, strlen(o->target.s));
    if (def == NULL) {
        if (all_readable(m->pack)) /* else it may be in what could not be read */
            refuse_missing(m, o);
        return COACH_OK;
    }
    const struct yaml_node *place = place_of(o->kind, def);
    if (site_file_of(m->pack, place) != NULL) {
        char hint[200];
        snprintf(hint, sizeof hint, "change it where it is written: %.120s:%d", place->at.source->name, place->at.line);
        keys_refuse(m->pack->problems, o->target.node, "override-target", hint, "the %s '%.64s' is a site's own",
                    override_kind_name(o->kind), o->target.s);
        return COACH_OK;
    }
    int rc = open_target(m, o, def, ret);
    if (rc == COACH_OK)
        check_revision(m, o, *ret);
    return rc;
}

/* --- list fields --- */

/* The item as it is compared, where case and the number of spaces make no difference, behind its field's address. */
static int fold_item(struct merge *m, const void *member, const char *text)
{
    buf_reset(&m->key);
    int rc = buf_add(&m->key, &member, sizeof member);
    bool space = false;
    for (const char *p = text; *p != '\0' && rc == COACH_OK; p++) {
        bool blank = *p == ' ' || *p == '\n' || *p == '\t';
        char c = *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p;
        if (!blank && space && m->key.len > sizeof member)
            rc = buf_add(&m->key, " ", 1);
        if (!blank && rc == COACH_OK)
            rc = buf_add(&m->key, &c, 1);
        space = blank;
    }
    return rc == COACH_ELIMIT ? COACH_ENOMEM : rc;
}

static int find_item(struct merge *m, const void *member, const char *text, struct item_state **ret)
{
    int rc = fold_item(m, member, text);
    if (rc == COACH_OK)
        *ret = table_get(&m->items, m->key.data, m->key.len);
    return rc;
}

/* Notes an item that is there. */
static int keep_item(struct merge *m, const void *member, const struct yaml_node *node, const char *plain)
{
    struct item_state *s = arena_alloc(&m->pack->memory, sizeof *s);
    int rc = s == NULL ? COACH_ENOMEM : fold_item(m, member, node->text);
    if (rc != COACH_OK)
        return rc;
    *s = (struct item_state){.node = node, .plain = plain};
    return table_set(&m->items, m->key.data, m->key.len, s);
}

static int open_field(struct merge *m, struct site_target *t, const struct key *key, struct field **ret)
{
    void *member = (char *)t->def + key->offset;
    *ret = table_get(&m->fields, (const char *)&member, sizeof member);
    if (*ret != NULL)
        return COACH_OK;
    struct field *f = arena_alloc(&m->pack->memory, sizeof *f);
    if (f == NULL)
        return COACH_ENOMEM;
    *f = (struct field){.target = t, .key = key, .member = member};
    if (t->kind == OVERRIDE_RULE && override_node(member) == NULL) /* what its file gives to all */
        memcpy(member, (const char *)&t->file->defaults + key->offset, override_value_size(key));
    int rc = COACH_OK;
    for (size_t i = 0; i < site_item_count(key, member) && rc == COACH_OK; i++)
        rc = keep_item(m, member, site_item(key, member, i), plain_of(key, member, i));
    if (rc == COACH_OK)
        rc = table_set(&m->fields, (const char *)&member, sizeof member, f);
    *ret = f;
    return rc;
}

/* Words of `a` that `b` has too. */
static size_t shared_words(const char *a, const char *b)
{
    size_t shared = 0;
    for (const char *p = a; *p != '\0';) {
        size_t n = strcspn(p, " ");
        for (const char *q = b; n > 2 && *q != '\0';) {
            size_t k = strcspn(q, " ");
            if (k == n && memcmp(p, q, n) == 0) {
                shared++;
                break;
            }
            q += k + strspn(q + k, " ");
        }
        p += n + strspn(p + n, " ");
    }
    return shared;
}

/* The item that was most likely meant: one of few slips, or the one with the most words in common. */
static const struct yaml_node *nearest_item(const struct field *f, const char *text)
{
    const char *texts[MOST_NEAR];
    const struct yaml_node *found = NULL;
    size_t n = site_item_count(f->key, f->member), best = 0;
    n = n < MOST_NEAR ? n : MOST_NEAR;
    for (size_t i = 0; i < n; i++)
        texts[i] = site_item(f->key, f->member, i)->text;
    const char *near = diag_nearest(text, texts, n);
    for (size_t i = 0; i < n; i++) {
        size_t shared = near == NULL ? shared_words(text, texts[i]) : texts[i] == near;
        if (shared > best) {
            best = shared;
            found = site_item(f->key, f->member, i);
        }
    }
    return found;
}

static void refuse_absent(struct merge *m, const struct field *f, const struct def_change *c,
                          const struct yaml_node *item)
{
    const struct yaml_node *near = diags_full(m->pack->problems) ? NULL : nearest_item(f, item->text);
    char hint[400];
    if (near != NULL)
        snprintf(hint, sizeof hint, "did you mean '%.160s'? (%.120s:%d)", near->text, near->at.source->name,
                 near->at.line);
    else
        snprintf(hint, sizeof hint, "'coach show %s:%.64s' shows what is there", override_kind_name(f->target->kind),
                 c->by->target.s);
    keys_refuse(m->pack->problems, item, "override-absent", hint, "'%s' of '%.64s' has no '%.120s' to remove",
                c->key->name, c->by->target.s, item->text);
}

static int remove_items(struct merge *m, struct field *f, const struct def_change *c)
{
    f->removal = c;
    for (size_t i = 0; i < site_item_count(c->key, c->value); i++) {
        const struct yaml_node *item = site_item(c->key, c->value, i);
        struct item_state *s;
        int rc = find_item(m, f->member, item->text, &s);
        if (rc != COACH_OK)
            return rc;
        if (s == NULL) {
            refuse_absent(m, f, c, item);
        } else if (s->removed != NULL) {
            char hint[200];
            snprintf(hint, sizeof hint, "it is also at %.120s:%d; keep one of them", s->removed->node->at.source->name,
                     s->removed->node->at.line);
            keys_refuse(m->pack->problems, item, "override-twice", hint, "this is removed twice");
        } else {
            s->removed = c;
        }
    }
    return COACH_OK;
}

static size_t item_size(const struct key *key)
{
    return key->kind == KEY_TEXTS ? sizeof(struct def_text) : sizeof(struct def_phrase);
}

static void *items_of(const struct key *key, const void *member)
{
    return key->kind == KEY_TEXTS ? (void *)((const struct def_texts *)member)->items
                                  : (void *)((const struct def_phrases *)member)->items;
}

static void give_items(const struct key *key, void *member, void *items, size_t count)
{
    if (key->kind == KEY_TEXTS) {
        ((struct def_texts *)member)->items = items;
        ((struct def_texts *)member)->count = count;
    } else {
        ((struct def_phrases *)member)->items = items;
        ((struct def_phrases *)member)->count = count;
    }
}

/* Makes room for one more item in memory of the field's own. */
static int reserve(struct merge *m, struct field *f)
{
    size_t count = site_item_count(f->key, f->member);
    if (count < f->cap)
        return COACH_OK;
    size_t cap = 2 * (count + 4);
    char *items = arena_alloc(&m->pack->memory, cap * item_size(f->key));
    if (items == NULL)
        return COACH_ENOMEM;
    if (count > 0)
        memcpy(items, items_of(f->key, f->member), count * item_size(f->key));
    give_items(f->key, f->member, items, count);
    f->cap = cap;
    return COACH_OK;
}

/* Takes out what was marked. */
static int compact(struct merge *m, struct field *f)
{
    if (f->removal == NULL)
        return COACH_OK;
    size_t size = item_size(f->key), n = site_item_count(f->key, f->member), kept = 0;
    int rc = reserve(m, f); /* the pack's own array stays as it is, for those who compare */
    char *items = rc == COACH_OK && n > 0 ? items_of(f->key, f->member) : NULL;
    for (size_t i = 0; i < n && rc == COACH_OK; i++) {
        struct item_state *s = NULL;
        rc = find_item(m, f->member, site_item(f->key, f->member, i)->text, &s);
        if (rc != COACH_OK || (s != NULL && s->removed != NULL))
            continue;
        if (f->cap > 0 && kept != i)
            memcpy(items + kept * size, items + i * size, size);
        kept++;
    }
    if (rc == COACH_OK)
        give_items(f->key, f->member, items_of(f->key, f->member), kept);
    return rc;
}

static void warn_there(struct merge *m, const struct yaml_node *at, const struct yaml_node *there)
{
    char hint[200];
    snprintf(hint, sizeof hint, "it is at %.120s:%d; this line can go", there->at.source->name, there->at.line);
    diags_add(m->pack->problems, DIAG_WARNING, "override-there", &at->at, hint, "this is there already");
}

/* An item that is to be added and is there. */
static void report_there(struct merge *m, const struct field *f, const struct def_change *c, size_t i,
                         const struct item_state *s)
{
    const struct yaml_node *item = site_item(f->key, c->value, i);
    const char *plain = plain_of(f->key, c->value, i);
    if (plain == NULL || s->plain == NULL || strcmp(plain, s->plain) == 0) {
        warn_there(m, item, s->node);
        return;
    }
    char hint[240];
    snprintf(hint, sizeof hint, "it is at %.120s:%d; name the term under 'remove:' as well to change its words",
             s->node->at.source->name, s->node->at.line);
    keys_refuse(m->pack->problems, item, "override-term", hint, "this term is there already, with other words for it");
}

static int add_items(struct merge *m, struct field *f, const struct def_change *c)
{
    int rc = COACH_OK;
    size_t size = item_size(f->key);
    for (size_t i = 0; i < site_item_count(f->key, c->value) && rc == COACH_OK; i++) {
        const struct yaml_node *item = site_item(f->key, c->value, i);
        struct item_state *s = NULL;
        rc = find_item(m, f->member, item->text, &s);
        if (rc == COACH_OK && s != NULL && s->removed == NULL) {
            report_there(m, f, c, i, s);
            continue;
        }
        if (rc == COACH_OK)
            rc = keep_item(m, f->member, item, plain_of(f->key, c->value, i));
        if (rc == COACH_OK)
            rc = reserve(m, f);
        if (rc != COACH_OK)
            break;
        size_t count = site_item_count(f->key, f->member);
        char *items = items_of(f->key, f->member);
        memcpy(items + count * size, (char *)items_of(f->key, c->value) + i * size, size);
        give_items(f->key, f->member, items, count + 1);
    }
    if (rc == COACH_OK && override_node(f->member) == NULL)
        *(const struct yaml_node **)f->member = override_node(c->value);
    return rc;
}

/* --- one change --- */

/* A change may not turn one sort of rule into another. */
static bool fits_body(struct merge *m, const struct site_target *t, const struct def_change *c)
{
    static const char *const bodies[] = {"says", "swap", "regex", "when"};
    bool body = false;
    for (size_t i = 0; i < 4; i++)
        body = body || (t->kind != OVERRIDE_LIST && strcmp(bodies[i], c->key->name) == 0);
    if (!body || override_node((const char *)t->before + c->key->offset) != NULL)
        return true;
    keys_refuse(m->pack->problems, c->node, "override-body",
                t->kind == OVERRIDE_RULE ? "write a rule of your own" : "write a signal of your own",
                "the %s '%.64s' has no '%s' that could be changed", override_kind_name(t->kind), c->by->target.s,
                c->key->name);
    return false;
}

static int record(struct merge *m, struct site_target *t, const struct def_change *c)
{
    int rc = arena_grow(&m->pack->memory, &t->changes, t->change_count, &t->change_cap, sizeof(void *));
    if (rc == COACH_OK)
        t->changes[t->change_count++] = c;
    return rc;
}

static int set_value(struct merge *m, struct site_target *t, const struct def_change *c)
{
    size_t n;
    const struct def_change **by = &t->set_by[c->key - override_keys_of(t->kind, &n)];
    if (*by != NULL) {
        char hint[200];
        snprintf(hint, sizeof hint, "it is also set at %.120s:%d; keep one of them", (*by)->node->at.source->name,
                 (*by)->node->at.line);
        keys_refuse(m->pack->problems, c->node, "override-twice", hint, "'%s' of '%.64s' is set twice", c->key->name,
                    c->by->target.s);
        return COACH_OK;
    }
    *by = c;
    const struct yaml_node *before = said_before(t, c->key), *now = override_node(c->value);
    if (before != NULL && before->kind == YAML_SCALAR && strcmp(before->text, now->text) == 0)
        warn_there(m, now, before);
    memcpy((char *)t->def + c->key->offset, c->value, override_value_size(c->key));
    return record(m, t, c);
}

static int apply(struct merge *m, struct site_target *t, const struct def_change *c)
{
    struct field *f = NULL;
    if (!fits_body(m, t, c))
        return COACH_OK;
    if (c->verb == OVERRIDE_SET)
        return set_value(m, t, c);
    int rc = open_field(m, t, c->key, &f);
    if (rc == COACH_OK)
        rc = c->verb == OVERRIDE_ADD ? add_items(m, f, c) : remove_items(m, f, c);
    return rc == COACH_OK ? record(m, t, c) : rc;
}

/* One pass over all overrides: additions, or what comes before them. */
static int pass(struct merge *m, bool additions)
{
    int rc = COACH_OK;
    for (size_t i = 0; i < m->pack->file_count; i++)
        for (size_t k = 0; k < m->pack->files[i].override_count && rc == COACH_OK; k++) {
            struct def_override *o = &m->pack->files[i].overrides[k];
            if (!additions)
                rc = find_target(m, o, &o->applies_to);
            for (size_t j = 0; o->applies_to != NULL && j < o->change_count && rc == COACH_OK; j++)
                if ((o->changes[j].verb == OVERRIDE_ADD) == additions)
                    rc = apply(m, o->applies_to, &o->changes[j]);
        }
    return rc;
}

/* --- the whole --- */

static void check_left(struct merge *m, const struct field *f)
{
    bool body = f->target->kind == OVERRIDE_LIST || strcmp(f->key->name, "says") == 0 || f->key->kind == KEY_SWAP;
    if (!body || f->removal == NULL || site_item_count(f->key, f->member) > 0)
        return;
    keys_refuse(m->pack->problems, f->removal->node, "override-empties",
                f->target->kind == OVERRIDE_RULE ? "to switch the rule off, write 'set:' and 'mode: disabled' below it"
                                                 : "keep one, or take it out of the rules that use it",
                "nothing is left of the %s '%.64s'", override_kind_name(f->target->kind), f->removal->by->target.s);
}

static int merge_all(struct merge *m)
{
    int rc = note_replaced(m);
    if (rc == COACH_OK)
        rc = pass(m, false);
    for (struct table_entry *e = table_next(&m->fields, NULL); e != NULL && rc == COACH_OK;
         e = table_next(&m->fields, e))
        rc = compact(m, table_value(e));
    if (rc == COACH_OK)
        rc = pass(m, true);
    for (struct table_entry *e = table_next(&m->fields, NULL); e != NULL && rc == COACH_OK;
         e = table_next(&m->fields, e))
        check_left(m, table_value(e));
    return rc;
}

/* Two sites that set one limit would leave it to the order of files which holds. */
static void check_limits(struct pack *pack)
{
    const char *const names[] = {"per_call", "gap", "defer", "stale"};
    const struct yaml_node *first[4] = {0};
    for (size_t i = 0; i < pack->file_count; i++) {
        const struct def_limits *l = &pack->files[i].limits;
        const struct yaml_node *nodes[] = {l->per_call.node, l->gap.node, l->defer.node, l->stale.node};
        for (size_t k = 0; k < 4 && pack->files[i].site.node != NULL; k++) {
            char hint[200];
            if (nodes[k] == NULL)
                continue;
            if (first[k] == NULL) {
                first[k] = nodes[k];
                continue;
            }
            snprintf(hint, sizeof hint, "it is also set at %.120s:%d; keep one of them", first[k]->at.source->name,
                     first[k]->at.line);
            keys_refuse(pack->problems, nodes[k], "override-twice", hint, "the limit '%s' is set twice", names[k]);
        }
    }
}

static void check_files(struct pack *pack)
{
    for (size_t i = 0; i < pack->file_count; i++) {
        const struct rulefile *f = &pack->files[i];
        if (f->site.node == NULL && f->pack.node != NULL && f->overrides_node != NULL)
            keys_refuse(pack->problems, f->overrides_node, "override-in-pack",
                        "change the rule itself, or write it into a file that begins with 'site: its-name'",
                        "only a site's file has overrides");
        for (size_t k = 0; f->site.node != NULL && k < f->rule_count; k++)
            check_prefix(pack, f, &f->rules[k]);
    }
}

int site_merge(struct pack *pack)
{
    struct merge m = {.pack = pack};
    table_init(&m.fields, NULL);
    table_init(&m.items, NULL);
    table_init(&m.replaced, NULL);
    buf_init(&m.key, 0);
    check_files(pack);
    check_limits(pack);
    int rc = merge_all(&m);
    table_clear(&m.fields);
    table_clear(&m.items);
    table_clear(&m.replaced);
    buf_clear(&m.key);
    return rc;
}

void site_clear(struct site *site)
{
    table_clear(&site->targets);
}
