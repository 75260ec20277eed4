#include "asterism/text/detail/jinja_form.hpp"

#include <doctest/doctest.h>

using asterism::text::jinja_form;

TEST_CASE("white space that Jinja drops") {
  CHECK(jinja_form("{{ a+b }}") == jinja_form("{{a + b}}"));
  CHECK(jinja_form("{% if  x %}y{% endif %}") == jinja_form("{%if x%}y{%endif%}"));
  CHECK(jinja_form("{% if x %}\ny{% endif %}") == jinja_form("{% if x %}y{% endif %}"));
  CHECK(jinja_form("a\n  {% if x %}") == jinja_form("a\n{% if x %}"));
  CHECK(jinja_form("  {% if x %}") == jinja_form("{% if x %}"));
  CHECK(jinja_form("a \n {{- b -}} \n c") == jinja_form("a{{ b }}c"));
  CHECK(jinja_form("{# note #}a") == jinja_form("a"));
  CHECK(jinja_form("a\n") == jinja_form("a"));
  CHECK(jinja_form("a\r\nb") == jinja_form("a\nb"));
  CHECK(jinja_form("{{ x[\"y\"] }}") == jinja_form("{{ x['y'] }}"));
}

TEST_CASE("white space that counts") {
  CHECK(jinja_form("{{ a }}\nb") != jinja_form("{{ a }}b"));  // no block: the line break stays
  CHECK(jinja_form("{{ 'a b' }}") != jinja_form("{{ 'ab' }}"));
  CHECK(jinja_form("{{ not a }}") != jinja_form("{{ nota }}"));
  CHECK(jinja_form("a {% if x %}") != jinja_form("a{% if x %}"));  // not alone on its line
  CHECK(jinja_form("{% if x %} y") != jinja_form("{% if x %}y"));
  CHECK(jinja_form("{% if x %}\n\ny") != jinja_form("{% if x %}y"));
  CHECK(jinja_form("  {%+ if x %}") != jinja_form("{% if x %}"));
  CHECK(jinja_form("{% if x +%}\ny") != jinja_form("{% if x %}\ny"));
  CHECK(jinja_form("a\n\n") != jinja_form("a"));
  CHECK(jinja_form("  {{ a }}") != jinja_form("{{ a }}"));
  CHECK(jinja_form("{{ \"it's\" }}") != jinja_form("{{ 'it' }}"));
}

TEST_CASE("tags end outside of strings, broken ones nowhere") {
  CHECK(jinja_form("{{ '}}' }}x") != jinja_form("{{ '}}x' }}"));
  CHECK(jinja_form("{{ '\\'}}' }}x") == jinja_form("{{'\\'}}'}}x"));
  CHECK(jinja_form("{{ a") == jinja_form("{% b"));
  CHECK(jinja_form("{{ 'a }}") == jinja_form("{{ a"));
  CHECK(jinja_form("") == "");
  CHECK(jinja_form("{") == "{");
}
