// xml as text (xml.c): a value is the characters that were put in. What is plainly well-formed is
// accepted; what is not, or what takes a DTD to know, is not simulated, because the server's answer
// is then libxml2's.
#pragma once

#include <string>
#include <string_view>

namespace cdcsim::pg {

enum class XmlOption : bool { kContent, kDocument };

/// Throws NotSimulated unless `text` is plainly well-formed.
void require_well_formed(std::string_view text, XmlOption option);

/// xml_out: without the declaration, unless it says something that matters.
void append_xml(std::string& out, std::string_view text);

}  // namespace cdcsim::pg
