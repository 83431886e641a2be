#include "daemon/base/metrics.h"

#include <inttypes.h>

#include "lib/base/error.h"

static int family(struct buf *out, const char *name, const char *type, const char *help)
{
    return buf_addf(out, "# TYPE %s %s\n# HELP %s %s\n", name, type, name, help);
}

int metrics_counter(struct buf *out, const char *name, const char *help)
{
    return family(out, name, "counter", help);
}

int metrics_gauge(struct buf *out, const char *name, const char *help)
{
    return family(out, name, "gauge", help);
}

int metrics_sample(struct buf *out, bool counter, const char *name, const char *label, const char *value, uint64_t n)
{
    const char *suffix = counter ? "_total" : "";
    if (label == NULL)
        return buf_addf(out, "%s%s %" PRIu64 "\n", name, suffix, n);
    return buf_addf(out, "%s%s{%s=\"%s\"} %" PRIu64 "\n", name, suffix, label, value, n);
}

int metrics_sample_pair(struct buf *out, bool counter, const char *name, const char *label, const char *value,
                        const char *second_label, const char *second_value, uint64_t n)
{
    return buf_addf(out, "%s%s{%s=\"%s\",%s=\"%s\"} %" PRIu64 "\n", name, counter ? "_total" : "", label, value,
                    second_label, second_value, n);
}

int metrics_end(struct buf *out)
{
    return buf_adds(out, "# EOF\n");
}
