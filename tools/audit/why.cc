#include "commands.h"

namespace cordon::audit_tool {
std::vector<cli::OptionRow> why_options() { return {}; }
int why(const cli::Arguments&) { return 0; }
}
