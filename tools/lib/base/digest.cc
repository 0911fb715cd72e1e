#include "base/digest.h"

#include <sha2.h>

#include "base/bytes.h"

namespace cordon {

std::string sha256_hex(std::string_view bytes) {
  SHA2_CTX context;
  ::SHA256Init(&context);
  ::SHA256Update(&context, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  ::SHA256Final(reinterpret_cast<std::uint8_t*>(digest.data()), &context);
  return to_hex(digest);
}

}  // namespace cordon
