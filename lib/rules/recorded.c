#include "lib/rules/recorded.h"

#include <stddef.h>
#include <string.h>

enum recorded recorded_of(const char *signal)
{
    static const struct {
        const char *name;
        enum recorded is;
    } names[] = {{"customer-upset", RECORDED_UPSET},  {"customer-angry", RECORDED_ANGRY},
                 {"threat-to-leave", RECORDED_LEAVE}, {"supervisor-asked-for", RECORDED_SUPERVISOR},
                 {"policy-stated", RECORDED_REFUSAL}, {"refusal", RECORDED_REFUSAL},
                 {"final-refusal", RECORDED_REFUSAL}, {"commitment", RECORDED_PROMISE}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i].name, signal) == 0)
            return names[i].is;
    return RECORDED_NOT;
}
