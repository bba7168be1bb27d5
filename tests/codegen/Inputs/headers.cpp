// All headers together, in C++, and each a second time.
#include "mingru.h"
#include "minlstm.h"
#include "minlstm_unnormalized.h"

void (*const entries[])(const struct mingru_step_arguments *) = {mingru_step};
