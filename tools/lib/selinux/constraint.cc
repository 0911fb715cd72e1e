#include "selinux/constraint.h"

#include <fmt/format.h>

#include <algorithm>

namespace cordon::selinux {
namespace {

/// One term or sub-expression: its truth, its text, and the clauses that explain why it has not the other truth.
struct Node {
  bool holds = false;
  bool compound = false;
  std::string text;
  std::vector<std::string> why;  ///< the terms that decide, in words
};

struct Levels {
  const mls_level_t* left;
  const mls_level_t* right;
  const char* names[2];
  const char* words[2];
};

class Evaluator {
 public:
  Evaluator(const PolicyDb::Impl& impl, const context_struct_t& source, const context_struct_t& target)
      : impl_(impl), source_(source), target_(target) {}

  bool holds(const constraint_expr_t* expr) const;  ///< run()'s truth without its words: most constraints are met
  Node run(const constraint_expr_t* expr) const;

 private:
  bool truth(const constraint_expr_t& term) const;
  bool attribute_truth(const constraint_expr_t& term) const;
  Node attribute(const constraint_expr_t& term) const;
  Node levels(const constraint_expr_t& term) const;
  Node names(const constraint_expr_t& term) const;
  std::string symbol(std::uint32_t attr, const context_struct_t& context) const;
  std::string set_text(const constraint_expr_t& term) const;
  std::string level_text(const mls_level_t& level) const;
  std::string category(std::uint32_t bit) const { return impl_.db.sym_val_to_name[SYM_CATS][bit]; }

  const PolicyDb::Impl& impl_;
  const context_struct_t& source_;
  const context_struct_t& target_;
};

constexpr const char* kOps[] = {"?", "==", "!=", "dom", "domby", "incomp"};
const char* op_text(std::uint32_t op) { return op <= CEXPR_INCOMP ? kOps[op] : "?"; }

const char* noun(std::uint32_t attr) {
  if ((attr & CEXPR_USER) != 0) return "user";
  return (attr & CEXPR_ROLE) != 0 ? "role" : "type";
}

int symbol_table(std::uint32_t attr) {
  if ((attr & CEXPR_USER) != 0) return SYM_USERS;
  return (attr & CEXPR_ROLE) != 0 ? SYM_ROLES : SYM_TYPES;
}

std::uint32_t value_in(std::uint32_t attr, const context_struct_t& context) {
  if ((attr & CEXPR_USER) != 0) return context.user;
  return (attr & CEXPR_ROLE) != 0 ? context.role : context.type;
}

bool dominates(const mls_level_t& a, const mls_level_t& b) {
  return a.sens >= b.sens && ebitmap_contains(&a.cat, &b.cat) != 0;
}

bool compare(std::uint32_t op, bool equal, bool dom, bool domby) {
  switch (op) {
    case CEXPR_EQ: return equal;
    case CEXPR_NEQ: return !equal;
    case CEXPR_DOM: return dom;
    case CEXPR_DOMBY: return domby;
    default: return !dom && !domby;
  }
}

const char* relation(std::uint32_t op, bool holds) {
  static constexpr const char* kWords[][2] = {{"is not", "is"},
                                              {"is", "is not"},
                                              {"does not dominate", "dominates"},
                                              {"is not dominated by", "is dominated by"},
                                              {"is comparable with", "is not comparable with"}};
  return op >= CEXPR_EQ && op <= CEXPR_INCOMP ? kWords[op - CEXPR_EQ][holds ? 1 : 0] : "?";
}

Levels levels_of(std::uint32_t attr, const context_struct_t& s, const context_struct_t& t) {
  const mls_level_t* l1 = &s.range.level[0];
  const mls_level_t* h1 = &s.range.level[1];
  const mls_level_t* l2 = &t.range.level[0];
  const mls_level_t* h2 = &t.range.level[1];
  constexpr const char* kWords[] = {"the source's low level", "the source's high level", "the target's low level",
                                    "the target's high level"};
  if ((attr & CEXPR_L1L2) != 0) return {l1, l2, {"l1", "l2"}, {kWords[0], kWords[2]}};
  if ((attr & CEXPR_L1H2) != 0) return {l1, h2, {"l1", "h2"}, {kWords[0], kWords[3]}};
  if ((attr & CEXPR_H1L2) != 0) return {h1, l2, {"h1", "l2"}, {kWords[1], kWords[2]}};
  if ((attr & CEXPR_H1H2) != 0) return {h1, h2, {"h1", "h2"}, {kWords[1], kWords[3]}};
  if ((attr & CEXPR_L1H1) != 0) return {l1, h1, {"l1", "h1"}, {kWords[0], kWords[1]}};
  return {l2, h2, {"l2", "h2"}, {kWords[2], kWords[3]}};
}

std::string Evaluator::symbol(std::uint32_t attr, const context_struct_t& context) const {
  const std::uint32_t value = value_in(attr, context);
  const int table = symbol_table(attr);
  return value == 0 || value > impl_.db.symtab[table].nprim ? "?" : impl_.db.sym_val_to_name[table][value - 1];
}

std::string Evaluator::level_text(const mls_level_t& level) const {
  if (level.sens == 0 || level.sens > impl_.db.symtab[SYM_LEVELS].nprim) return "?";
  std::string out = impl_.db.sym_val_to_name[SYM_LEVELS][level.sens - 1];
  const auto categories = bits_of(level.cat);
  for (std::size_t i = 0; i < categories.size();) {
    std::size_t end = i;
    while (end + 1 < categories.size() && categories[end + 1] == categories[end] + 1) ++end;
    out += (i == 0 ? ":" : ",") + category(categories[i]);
    if (end > i) out += (end == i + 1 ? "," : ".") + category(categories[end]);
    i = end + 1;
  }
  return out;
}

bool Evaluator::attribute_truth(const constraint_expr_t& term) const {
  bool dom = false;
  bool domby = false;
  if (term.attr >= CEXPR_L1L2) {
    const Levels pair = levels_of(term.attr, source_, target_);
    dom = dominates(*pair.left, *pair.right);
    domby = dominates(*pair.right, *pair.left);
    return compare(term.op, dom && domby, dom, domby);
  }
  const std::uint32_t left = value_in(term.attr, source_);
  const std::uint32_t right = value_in(term.attr, target_);
  if ((term.attr & CEXPR_ROLE) != 0) {
    dom = ebitmap_get_bit(&impl_.db.role_val_to_struct[left - 1]->dominates, right - 1) != 0;
    domby = ebitmap_get_bit(&impl_.db.role_val_to_struct[right - 1]->dominates, left - 1) != 0;
  }
  return compare(term.op, left == right, dom, domby);
}

bool Evaluator::truth(const constraint_expr_t& term) const {
  if (term.expr_type == CEXPR_ATTR) return attribute_truth(term);
  const context_struct_t& context = (term.attr & CEXPR_TARGET) != 0 ? target_ : source_;
  const bool in = ebitmap_get_bit(&term.names, value_in(term.attr, context) - 1) != 0;
  return (term.op == CEXPR_EQ) == in;
}

Node Evaluator::levels(const constraint_expr_t& term) const {
  const Levels pair = levels_of(term.attr, source_, target_);
  Node out{truth(term), false, {}, {}};
  out.text = fmt::format("{} {} {}", pair.names[0], op_text(term.op), pair.names[1]);
  out.why = {fmt::format("{} {} {} {} {}", pair.words[0], level_text(*pair.left), relation(term.op, out.holds),
                         pair.words[1], level_text(*pair.right))};
  return out;
}

Node Evaluator::attribute(const constraint_expr_t& term) const {
  if (term.attr >= CEXPR_L1L2) return levels(term);
  Node out{truth(term), false, {}, {}};
  const char initial = *noun(term.attr);
  out.text = fmt::format("{0}1 {1} {0}2", initial, op_text(term.op));
  out.why = {fmt::format("the source's {0} {1} {2} the target's {0} {3}", noun(term.attr), symbol(term.attr, source_),
                         relation(term.op, out.holds), symbol(term.attr, target_))};
  return out;
}

std::string Evaluator::set_text(const constraint_expr_t& term) const {
  const int table = symbol_table(term.attr);
  const bool kept =
      table == SYM_TYPES && term.type_names != nullptr && ebitmap_cardinality(&term.type_names->types) > 0;
  std::vector<std::string> names;
  for (std::uint32_t bit : bits_of(kept ? term.type_names->types : term.names))
    if (bit < impl_.db.symtab[table].nprim) names.emplace_back(impl_.db.sym_val_to_name[table][bit]);
  std::sort(names.begin(), names.end());
  if (names.size() == 1) return names.front();
  std::string out = "{";
  for (const std::string& name : names) out += " " + name;
  return out + " }";
}

Node Evaluator::names(const constraint_expr_t& term) const {
  const bool of_target = (term.attr & CEXPR_TARGET) != 0;
  const context_struct_t& context = of_target ? target_ : source_;
  Node out{truth(term), false, {}, {}};
  const bool in = out.holds == (term.op == CEXPR_EQ);
  const std::string set = set_text(term);
  out.text = fmt::format("{}{} {} {}", *noun(term.attr), of_target ? 2 : 1, op_text(term.op), set);
  out.why = {fmt::format("the {}'s {} {} {} in {}", of_target ? "target" : "source", noun(term.attr),
                         symbol(term.attr, context), in ? "is" : "is not", set)};
  return out;
}

Node join(Node left, Node right, bool both) {
  Node out;
  out.compound = true;
  out.holds = both ? left.holds && right.holds : left.holds || right.holds;
  out.text = fmt::format("({}) {} ({})", left.text, both ? "and" : "or", right.text);
  if (!left.compound && !right.compound) out.text = fmt::format("{} {} {}", left.text, both ? "and" : "or", right.text);
  // The clauses of the sides that give the whole its truth.
  for (Node* side : {&left, &right})
    if (side->holds == out.holds) out.why.insert(out.why.end(), side->why.begin(), side->why.end());
  return out;
}

bool Evaluator::holds(const constraint_expr_t* expr) const {
  std::vector<char> stack;
  for (; expr != nullptr; expr = expr->next) {
    if (expr->expr_type == CEXPR_ATTR || expr->expr_type == CEXPR_NAMES) {
      stack.push_back(truth(*expr) ? 1 : 0);
    } else if (expr->expr_type == CEXPR_NOT && !stack.empty()) {
      stack.back() ^= 1;
    } else if (stack.size() >= 2) {
      const char right = stack.back();
      stack.pop_back();
      stack.back() = static_cast<char>(expr->expr_type == CEXPR_AND ? stack.back() & right : stack.back() | right);
    }
  }
  return stack.size() == 1 && stack.back() != 0;
}

Node Evaluator::run(const constraint_expr_t* expr) const {
  std::vector<Node> stack;
  for (; expr != nullptr; expr = expr->next) {
    if (expr->expr_type == CEXPR_ATTR) {
      stack.push_back(attribute(*expr));
    } else if (expr->expr_type == CEXPR_NAMES) {
      stack.push_back(names(*expr));
    } else if (expr->expr_type == CEXPR_NOT && !stack.empty()) {
      stack.back().holds = !stack.back().holds;
      stack.back().text = "not (" + stack.back().text + ")";
    } else if (stack.size() >= 2) {
      Node right = std::move(stack.back());
      stack.pop_back();
      stack.back() = join(std::move(stack.back()), std::move(right), expr->expr_type == CEXPR_AND);
    }
  }
  return stack.size() == 1 ? stack.back() : Node{false, false, "?", {"the constraint is malformed"}};
}

bool compares_levels(const constraint_expr_t* expr) {
  for (; expr != nullptr; expr = expr->next)
    if (expr->expr_type == CEXPR_ATTR && expr->attr >= CEXPR_L1L2) return true;
  return false;
}

}  // namespace

std::vector<Unmet> unmet_constraints(const PolicyDb::Impl& impl, const class_datum_t& klass, std::uint32_t perms,
                                     const context_struct_t& source, const context_struct_t& target) {
  std::vector<Unmet> out;
  const Evaluator evaluator(impl, source, target);
  for (const constraint_node_t* node = klass.constraints; node != nullptr; node = node->next) {
    if ((node->permissions & perms) == 0 || evaluator.holds(node->expr)) continue;
    Node result = evaluator.run(node->expr);
    Unmet unmet;
    unmet.mls = compares_levels(node->expr);
    unmet.statement = fmt::format("{} {} {} ({});", unmet.mls ? "mlsconstrain" : "constrain",
                                  impl.db.sym_val_to_name[SYM_CLASSES][klass.s.value - 1],
                                  impl.perms_text(klass.s.value, node->permissions), result.text);
    unmet.words = std::move(result.why);
    std::sort(unmet.words.begin(), unmet.words.end());
    unmet.words.erase(std::unique(unmet.words.begin(), unmet.words.end()), unmet.words.end());
    out.push_back(std::move(unmet));
  }
  return out;
}

}  // namespace cordon::selinux
