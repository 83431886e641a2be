#include "lib/rules/regexpump.h"

#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/error.h"
#include "lib/base/hash.h"
#include "lib/base/utf8.h"

enum {
    MOST_REPEATS = 24,
    MOST_LINES = 500,  /* of one pattern, each at four lengths */
    LONG_REPEAT = 8,   /* a counted repeat from here on is pumped too */
    MOST_TIMES = 64,   /* that a sample says a counted part again */
    MOST_SAMPLE = 512, /* bytes of one part of a line */
    TRIES = 5,         /* of a match that seems slow: something else may have run */
    GROWTH_FLOOR = 8192,
    LENGTHS = 4
};

static const size_t lengths[LENGTHS] = {256, 512, 1024, REGEX_MAX_LINE};

/* How a sample chooses where the pattern leaves a choice. */
struct taste {
    char likes; /* of a set that holds it; '\0': its first member */
    size_t pick;
    int more; /* times that a repeat is said beyond its least */
};

struct pump {
    const struct regex *regex;
    const struct rules_clock *clock;
    pcre2_match_data *match;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
    const struct regex_node *repeats[MOST_REPEATS];
    size_t repeat_count;
    bool has_choice;
    uint64_t seen[MOST_LINES]; /* lines that were tried, by the hash of their parts */
    struct buf before, pumped, after, broken, whole, line;
    struct regexpump_result result;
    int rc;
};

/* --- samples --- */

struct sampler {
    struct pump *pump;
    const struct taste *taste;
    const struct regex_node *stop; /* what follows it goes into `after`; NULL: no such place */
    struct buf *out, *after;
};

static bool within(const struct regex_node *n, const struct regex_node *wanted)
{
    bool found = n == wanted;
    for (const struct regex_node *c = n->first; c != NULL && !found; c = c->next)
        found = within(c, wanted);
    return found;
}

static void put(struct sampler *s, const char *bytes, size_t n)
{
    if (s->pump->rc == COACH_OK && s->out->len + n <= MOST_SAMPLE)
        s->pump->rc = buf_add(s->out, bytes, n);
}

static void put_code(struct sampler *s, uint32_t code)
{
    char bytes[4];
    size_t n = 0;
    if (code < 0x80) {
        bytes[n++] = (char)code;
    } else if (code < 0x800) {
        bytes[n++] = (char)(0xc0 | code >> 6);
    } else if (code < 0x10000) {
        bytes[n++] = (char)(0xe0 | code >> 12);
        bytes[n++] = (char)(0x80 | (code >> 6 & 0x3f));
    } else {
        bytes[n++] = (char)(0xf0 | code >> 18);
        bytes[n++] = (char)(0x80 | (code >> 12 & 0x3f));
        bytes[n++] = (char)(0x80 | (code >> 6 & 0x3f));
    }
    if (code >= 0x80)
        bytes[n++] = (char)(0x80 | (code & 0x3f));
    put(s, bytes, n);
}

static bool has_member(const struct regex_node *set, unsigned char c)
{
    return (set->members[c / 32] >> c % 32 & 1) != 0;
}

static void put_member(struct sampler *s, const struct regex_node *set)
{
    static const char order[] = "a1 b2-.,'\"";
    char likes = s->taste->likes;
    if (likes != '\0' && has_member(set, (unsigned char)likes)) {
        put_code(s, (unsigned char)likes);
        return;
    }
    for (size_t i = 0; likes != '\0' && order[i] != '\0'; i++)
        if (has_member(set, (unsigned char)order[i])) {
            put_code(s, (unsigned char)order[i]);
            return;
        }
    for (unsigned char c = 1; c < 128; c++)
        if (has_member(set, c)) {
            put_code(s, c);
            return;
        }
    if (set->code != 0)
        put_code(s, set->code);
}

static void sample(struct sampler *s, const struct regex_node *n);

static void sample_choice(struct sampler *s, const struct regex_node *n)
{
    const struct regex_node *taken = NULL;
    size_t count = 0;
    for (const struct regex_node *c = n->first; c != NULL; c = c->next, count++)
        if (s->stop != NULL && within(c, s->stop))
            taken = c;
    size_t pick = count == 0 ? 0 : s->taste->pick % count;
    for (const struct regex_node *c = n->first; c != NULL && taken == NULL; c = c->next)
        if (pick-- == 0)
            taken = c;
    if (taken != NULL)
        sample(s, taken);
}

static void sample_repeat(struct sampler *s, const struct regex_node *n)
{
    int times = n->min + s->taste->more;
    if (n->max != REGEX_ENDLESS && times > n->max)
        times = n->max;
    times = times > MOST_TIMES ? MOST_TIMES : times;
    if (s->stop != NULL && within(n->first, s->stop))
        times = 1;
    for (int i = 0; i < times; i++)
        sample(s, n->first);
}

/* A text that the node matches, as well as can be told without running it. */
static void sample(struct sampler *s, const struct regex_node *n)
{
    if (n == s->stop) {
        s->out = s->after;
        return;
    }
    switch (n->kind) {
    case REGEX_CHAR:
        put_code(s, n->code);
        break;
    case REGEX_SET:
        put_member(s, n);
        break;
    case REGEX_LOOK:
        if (s->stop != NULL && within(n, s->stop))
            sample(s, n->first);
        break;
    case REGEX_SEQUENCE:
        for (const struct regex_node *c = n->first; c != NULL; c = c->next)
            sample(s, c);
        break;
    case REGEX_CHOICE:
        sample_choice(s, n);
        break;
    case REGEX_REPEAT:
        sample_repeat(s, n);
        break;
    default:
        break; /* it takes no room */
    }
}

static void sample_into(struct pump *p, const struct regex_node *n, const struct regex_node *stop,
                        const struct taste *taste, struct buf *out, struct buf *after)
{
    struct sampler s = {.pump = p, .taste = taste, .stop = stop, .out = out, .after = after};
    buf_reset(out);
    if (after != NULL)
        buf_reset(after);
    sample(&s, n);
}

/* --- one line --- */

/* `lead`, `body` again and again, `end`: about `size` bytes. */
struct parts {
    struct text {
        const char *s;
        size_t len;
    } lead, body, end;
};

static void build_line(struct pump *p, const struct parts *parts, size_t size)
{
    struct buf *line = &p->line;
    size_t fixed = parts->lead.len + parts->end.len;
    buf_reset(line);
    p->rc = buf_reserve(line, fixed + size + 32);
    if (p->rc != COACH_OK)
        return;
    (void)buf_add(line, parts->lead.s, parts->lead.len);
    while (line->len + parts->end.len + parts->body.len <= size)
        (void)buf_add(line, parts->body.s, parts->body.len);
    (void)buf_add(line, parts->end.s, parts->end.len);
    memset(line->data + line->len, 0, 16); /* the JIT may read past a tight subject */
}

/* Returns whether the line in `p->line` can be run within `limit`. */
static bool runs_within(struct pump *p, uint32_t limit)
{
    pcre2_set_match_limit(p->context, limit);
    int rc =
        pcre2_match(p->regex->code, (PCRE2_SPTR)p->line.data, p->line.len, 0, PCRE2_NO_UTF_CHECK, p->match, p->context);
    return rc >= 0 || rc == PCRE2_ERROR_NOMATCH;
}

static void note(struct pump *p, enum regexpump_verdict verdict, const struct regex_node *repeat)
{
    p->result.verdict = verdict;
    p->result.repeat = repeat;
    p->result.line = p->line.len;
}

/* One match; the least of several where it seems slow. Returns whether it was cheap enough. */
static bool is_cheap(struct pump *p, const struct regex_node *repeat)
{
    uint64_t least = 0;
    for (int i = 0; i < TRIES; i++) {
        uint64_t begin = p->clock->now_ns == NULL ? 0 : p->clock->now_ns(p->clock->user);
        if (!runs_within(p, REGEX_MATCH_LIMIT)) {
            note(p, REGEXPUMP_LIMIT, repeat);
            return false;
        }
        uint64_t ns = p->clock->now_ns == NULL ? 0 : p->clock->now_ns(p->clock->user) - begin;
        least = i == 0 || ns < least ? ns : least;
        if (least <= REGEXPUMP_MOST_NS)
            break;
    }
    p->result.ns = least > p->result.ns ? least : p->result.ns;
    if (least <= REGEXPUMP_MOST_NS)
        return true;
    note(p, REGEXPUMP_SLOW, repeat);
    return false;
}

/* The work of the line in match-limit units, to about an eighth. */
static uint32_t work_of(struct pump *p)
{
    uint32_t high = 512;
    while (high < REGEX_MATCH_LIMIT && !runs_within(p, high))
        high *= 2;
    uint32_t low = high / 2;
    for (int i = 0; i < 3; i++) {
        uint32_t mid = low + (high - low) / 2;
        if (runs_within(p, mid))
            high = mid;
        else
            low = mid;
    }
    return high;
}

/* Linear work is four times as much for four times the line. */
static bool grows_in_line(struct pump *p, const struct parts *parts, const struct regex_node *repeat)
{
    if (runs_within(p, GROWTH_FLOOR)) /* the longest line is still there */
        return true;
    uint32_t most = work_of(p);
    build_line(p, parts, lengths[LENGTHS - 3]);
    if (p->rc != COACH_OK || work_of(p) * 6 > most)
        return true;
    build_line(p, parts, lengths[LENGTHS - 1]);
    note(p, REGEXPUMP_GROWTH, repeat);
    return false;
}

static bool is_new(struct pump *p, const struct parts *parts)
{
    struct hash_fields h;
    hash_fields_init(&h);
    hash_fields_add(&h, parts->lead.s, parts->lead.len);
    hash_fields_add(&h, parts->body.s, parts->body.len);
    hash_fields_add(&h, parts->end.s, parts->end.len);
    for (unsigned i = 0; i < p->result.lines; i++)
        if (p->seen[i] == h.value)
            return false;
    p->seen[p->result.lines++] = h.value;
    return true;
}

/* Returns whether to go on. */
static bool try_line(struct pump *p, const struct parts *parts, const struct regex_node *repeat)
{
    if (p->rc != COACH_OK || p->result.lines == MOST_LINES)
        return false;
    if (parts->body.len == 0 || !is_new(p, parts))
        return true;
    for (size_t i = 0; i < LENGTHS; i++) {
        build_line(p, parts, lengths[i]);
        if (p->rc != COACH_OK || !is_cheap(p, repeat))
            return false;
    }
    return grows_in_line(p, parts, repeat);
}

/* --- all lines --- */

static struct text all_of(const struct buf *b)
{
    return (struct text){b->len == 0 ? "" : b->data, b->len};
}

static struct text without_last(const struct buf *b)
{
    size_t n = b->len;
    while (n > 0 && ((unsigned char)b->data[n - 1] & 0xc0) == 0x80)
        n--;
    return (struct text){b->len == 0 ? "" : b->data, n == 0 ? 0 : n - 1};
}

/* Every end that may fail or not, after `body` pumped behind `lead`. */
static bool try_ends(struct pump *p, struct text lead, struct text body, const struct regex_node *repeat)
{
    const struct text ends[] = {{"", 0}, all_of(&p->after), {"!", 1}, without_last(&p->after), all_of(&p->broken)};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (!try_line(p, &(struct parts){lead, body, ends[i]}, repeat))
            return false;
    return true;
}

/* One repeat pumped in one taste: by itself, and with what stands around it. */
static bool try_repeat(struct pump *p, const struct regex_node *repeat, const struct taste *taste)
{
    const struct text nothing = {"", 0};
    sample_into(p, p->regex->root, repeat, taste, &p->before, &p->after);
    buf_reset(&p->broken); /* what PCRE2 looks for before it begins is there, and out of reach */
    if (p->rc == COACH_OK)
        p->rc = buf_adds(&p->broken, "~ ");
    if (p->rc == COACH_OK)
        p->rc = buf_add(&p->broken, all_of(&p->after).s, p->after.len);
    if (repeat != NULL)
        sample_into(p, repeat->first, NULL, taste, &p->pumped, NULL);
    sample_into(p, p->regex->root, NULL, taste, &p->whole, NULL);
    return try_ends(p, all_of(&p->before), all_of(&p->pumped), repeat) &&
           try_ends(p, nothing, all_of(&p->pumped), repeat) && try_ends(p, nothing, without_last(&p->whole), repeat) &&
           try_ends(p, nothing, all_of(&p->before), repeat) &&
           try_ends(p, all_of(&p->before), without_last(&p->after), repeat) &&
           try_ends(p, all_of(&p->before), all_of(&p->after), repeat);
}

static void find_repeats(struct pump *p, const struct regex_node *n)
{
    p->has_choice = p->has_choice || (n->kind == REGEX_CHOICE && n->first != NULL && n->first->next != NULL);
    bool is_long = n->kind == REGEX_REPEAT && (n->max == REGEX_ENDLESS || n->max >= LONG_REPEAT);
    if (is_long && p->repeat_count < MOST_REPEATS)
        p->repeats[p->repeat_count++] = n;
    for (const struct regex_node *c = n->first; c != NULL; c = c->next)
        find_repeats(p, c);
}

static void try_all(struct pump *p)
{
    static const char likes[] = {'a', '1', ' ', '\0', '-', '.'};
    find_repeats(p, p->regex->root);
    for (size_t pick = 0; pick < (p->has_choice ? 3 : 1); pick++)
        for (size_t i = 0; i < sizeof likes; i++) {
            struct taste taste = {.likes = likes[i], .pick = pick, .more = (int)(i + pick) % 2};
            for (size_t k = 0; k < p->repeat_count; k++)
                if (!try_repeat(p, p->repeats[k], &taste))
                    return;
            if (p->repeat_count == 0 && !try_repeat(p, NULL, &taste))
                return;
        }
}

static int open_pump(struct pump *p)
{
    p->match = pcre2_match_data_create(1, NULL);
    p->context = pcre2_match_context_create(NULL);
    p->stack = pcre2_jit_stack_create(32 * 1024, REGEX_JIT_STACK, NULL);
    if (p->match == NULL || p->context == NULL || p->stack == NULL)
        return COACH_ENOMEM;
    pcre2_set_heap_limit(p->context, REGEX_HEAP_LIMIT_KIB);
    pcre2_jit_stack_assign(p->context, NULL, p->stack);
    return COACH_OK;
}

int regexpump(const struct regex *r, const struct rules_clock *clock, struct regexpump_result *ret)
{
    struct pump p = {.regex = r, .clock = clock};
    struct buf *const bufs[] = {&p.before, &p.pumped, &p.after, &p.broken, &p.whole, &p.line};
    for (size_t i = 0; i < sizeof bufs / sizeof *bufs; i++)
        buf_init(bufs[i], 0);
    p.rc = open_pump(&p);
    if (p.rc == COACH_OK)
        try_all(&p);
    for (size_t i = 0; i < sizeof bufs / sizeof *bufs; i++)
        buf_clear(bufs[i]);
    pcre2_match_data_free(p.match);
    pcre2_match_context_free(p.context);
    pcre2_jit_stack_free(p.stack);
    if (p.rc == COACH_OK)
        *ret = p.result;
    return p.rc;
}
