#include "selinux/own_ports.h"

#include <fmt/format.h>

#include <algorithm>

#include "selinux/tables.h"

namespace cordon::selinux {

bool is_generic_port(const std::string& type) {
  const Strings& generic = place_tables().generic_ports;
  return std::find(generic.begin(), generic.end(), type) != generic.end();
}

std::string add_own_port(Module& module, const Target& port, const PolicyDb& policy) {
  const std::string type = module.name + "_" + place_tables().port_suffix;
  module.types.insert(type);
  for (const std::string& attribute : place_tables().port_attributes)
    if (policy.has_attribute(attribute)) module.type_attributes[type].insert(attribute);
  const PortContext context{port.text, port.port, port.port, type};
  const auto place = std::lower_bound(module.ports.begin(), module.ports.end(), context);
  if (place == module.ports.end() || *place != context) module.ports.insert(place, context);
  return type;
}

std::vector<std::string> semanage_lines(const Module& module) {
  std::vector<std::string> out;
  for (const PortContext& port : module.ports) {
    const std::string range =
        port.low == port.high ? fmt::format("{}", port.low) : fmt::format("{}-{}", port.low, port.high);
    out.push_back(fmt::format("semanage port -a -t {} -p {} {}", port.type, port.protocol, range));
  }
  return out;
}

}  // namespace cordon::selinux
