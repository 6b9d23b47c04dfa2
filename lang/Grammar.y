/*===- Grammar.y - The grammar of a model file ----------------------------===

  LALR(1) without conflicts. The actions build nodes and do nothing else;
  lang/README.md shows the same grammar without them.

===------------------------------------------------------------------------===*/

%require "3.8"
%language "c++"
%skeleton "lalr1.cc"
%header

%define api.namespace {nacre::lang}
%define api.parser.class {Grammar}
%define api.location.type {nacre::lang::Span}
%define api.value.type variant
%define api.value.automove
%define api.token.constructor
%define parse.error custom
%define parse.lac full
%locations

%code requires {
#include "lang/TreeBuilder.h"

namespace nacre::lang {
class Lexer;

/// What a text turned out to be: one of the two.
struct Parsed {
  File file;
  ExprPtr expression;
};
} // namespace nacre::lang

#define YYLLOC_DEFAULT(Current, Rhs, N)                                                                                \
  (Current) = (N) ? nacre::lang::Span{YYRHSLOC(Rhs, 1).file, YYRHSLOC(Rhs, 1).begin, YYRHSLOC(Rhs, N).end}             \
                  : nacre::lang::Span{YYRHSLOC(Rhs, 0).file, YYRHSLOC(Rhs, 0).end, YYRHSLOC(Rhs, 0).end}
}

%param {nacre::lang::Lexer &lexer}
%parse-param {nacre::lang::Parsed &parsed}

%code {
#include "lang/Lexer.h"
#include "lang/SyntaxErrors.h"

using namespace nacre::lang;
using Op = BinaryOp;

static Grammar::symbol_type yylex(Lexer &lexer) { return lexer.next(); }
}

%token YYEOF 0 "the end of the text"
%token START_FILE "a file" START_EXPRESSION "an expression"

%token <std::string> NAME "a name" PRIMED "a primed name" TEXT "text" DOC "a doc comment"
%token <int64_t> INT "an int"
%token <double> FLOAT "a float"

%token QUOTE "a string" QUOTE_END "the end of the string" INTERPOLATION "{expr}" INTERPOLATION_END "\"}\""

%token IMPORT "import" CONFIG "config" FN "fn" BLOCK "block" EXTERN "extern" DATASET "dataset"
%token EXPERIMENT "experiment" SWEEP "sweep" PARAM "param" STATE "state" AS "as" REQUIRE "require" EXPECT "expect"
%token METRIC "metric" SHOW "show" RETURN "return" IF "if" THEN "then" ELSE "else" FOR "for" IN "in" OVER "over"
%token AND "and" OR "or" NOT "not" INTDIV "div" MOD "mod" TRUE "true" FALSE "false" NONE "none"

%token PIPE "|>" ARROW "->" ELLIPSIS "..." DOTS ".." EQ "==" NE "!=" LE "<=" GE ">=" LT "<" GT ">" ASSIGN "="
%token COLON ":" COMMA "," DOT "." LPAREN "(" RPAREN ")" LBRACKET "[" RBRACKET "]" LBRACE "{" RBRACE "}"
%token PLUS "+" MINUS "-" STAR "*" SLASH "/" CARET "^"

%type <File> program
%type <std::vector<std::string>> docs
%type <Declaration> declaration
%type <std::vector<Name>> path
%type <ExprPtr> allowed default
%type <Signature> signature parameters signature_over
%type <std::vector<Parameter>> parameter_list
%type <Parameter> parameter
%type <TypePtr> type_annotation result_type type
%type <std::vector<Dim>> dims dim_list over
%type <Dim> dim
%type <Body> body
%type <std::vector<DatasetField>> fields
%type <DatasetField> field
%type <std::vector<Setting>> settings
%type <Setting> setting
%type <std::vector<Statement>> statements
%type <Statement> statement
%type <std::vector<Target>> targets
%type <Target> target
%type <build::OwnedName> owned_name
%type <std::optional<Binding>> quantifier
%type <Binding> binding
%type <std::vector<Binding>> bindings
%type <std::vector<ExprPtr>> exprs
%type <ExprPtr> expr pipe or and not cmp range sum term unary operand postfix primary string
%type <BinaryOp> comparison
%type <build::CallParts> call
%type <std::vector<Argument>> arguments
%type <Argument> argument
%type <build::IndexParts> index
%type <std::vector<Element>> elements
%type <Element> element
%type <std::vector<StringPart>> parts
%type <StringPart> part
%type <Name> name

%%

text: START_FILE program                { parsed.file = $2; }
    | START_EXPRESSION expr             { parsed.expression = $2; }
    ;

program: %empty                         { }
    | program docs declaration          { $$ = $1; auto d = $3; d.doc = $2; $$.declarations.push_back(std::move(d)); }
    ;

docs: %empty                            { }
    | docs DOC                          { $$ = build::append($1, $2); }
    ;

/* Declarations */

declaration: "import" path              { auto path = $2;
                                          $$ = build::declaration(Declaration::Kind::Import, path.back(), @$);
                                          $$.path = std::move(path); }
    | "config" name "=" expr allowed    { $$ = build::declaration(Declaration::Kind::Config, $2, @$);
                                          $$.value = $4; $$.allowed = $5; }
    | name type_annotation "=" expr     { $$ = build::declaration(Declaration::Kind::Constant, $1, @$);
                                          $$.type = $2; $$.value = $4; }
    | "fn" name signature result_type body
                                        { $$ = build::declaration(Declaration::Kind::Function, $2, @$);
                                          $$.function = build::function(false, $3, $4, $5); }
    | "block" name signature result_type body
                                        { $$ = build::declaration(Declaration::Kind::Function, $2, @$);
                                          $$.function = build::function(true, $3, $4, $5); }
    | "extern" name signature result_type
                                        { $$ = build::declaration(Declaration::Kind::Extern, $2, @$);
                                          $$.function = build::function(false, $3, $4, {}); }
    | "dataset" name "{" fields "}"     { $$ = build::declaration(Declaration::Kind::Dataset, $2, @$); $$.fields = $4; }
    | "dataset" name signature "{" fields "}"
                                        { $$ = build::declaration(Declaration::Kind::Dataset, $2, @$); $$.fields = $5;
                                          $$.function = build::function(false, $3, nullptr, {}); }
    | "experiment" name "{" settings "}"
                                        { $$ = build::declaration(Declaration::Kind::Experiment, $2, @$);
                                          $$.settings = $4; }
    | "sweep" name "=" name "for" bindings
                                        { $$ = build::declaration(Declaration::Kind::Sweep, $2, @$);
                                          $$.experiment = $4; $$.bindings = $6; }
    ;

name: NAME                              { $$ = Name{$1, @1}; }
    ;

path: name                              { $$ = build::single($1); }
    | path "." name                     { $$ = build::append($1, $3); }
    ;

allowed: %empty                         { }
    | "in" expr                         { $$ = $2; }
    ;

signature: "(" parameters ")"           { $$ = $2; }
    ;

parameters: %empty                      { }
    | parameter_list signature_over     { $$ = $2; $$.parameters = $1; }
    ;

signature_over: %empty                  { }
    | "over" name                       { $$.over = $2; }
    | "over" "..." name                 { $$.over = $3; $$.overPack = true; }
    ;

parameter_list: parameter               { $$ = build::single($1); }
    | parameter_list "," parameter      { $$ = build::append($1, $3); }
    ;

parameter: name type_annotation default { $$ = Parameter{$1, $2, $3}; }
    ;

default: %empty                         { }
    | "=" expr                          { $$ = $2; }
    ;

type_annotation: %empty                 { }
    | ":" type                          { $$ = $2; }
    ;

result_type: %empty                     { }
    | "->" type                         { $$ = $2; }
    ;

type: name                              { $$ = std::make_unique<TypeExpr>(TypeExpr{@$, $1, {}}); }
    | "[" dims "]"                      { $$ = std::make_unique<TypeExpr>(TypeExpr{@$, {}, $2}); }
    | name "[" dims "]"                 { $$ = std::make_unique<TypeExpr>(TypeExpr{@$, $1, $3}); }
    ;

dims: %empty                            { }
    | dim_list                          { $$ = $1; }
    ;

dim_list: dim                           { $$ = build::single($1); }
    | dim_list "," dim                  { $$ = build::append($1, $3); }
    ;

dim: expr                               { $$ = Dim{$1, {}}; }
    | "..."                             { $$ = Dim{nullptr, Name{"", @1}}; }
    | "..." name                        { $$ = Dim{nullptr, $2}; }
    ;

body: "=" expr                          { $$.result = $2; }
    | "{" statements "}"                { $$.statements = $2; }
    ;

fields: %empty                          { }
    | fields field                      { $$ = build::append($1, $2); }
    ;

field: name ":" type allowed            { $$ = DatasetField{$1, $3, $4}; }
    | name "=" expr                     { $$ = DatasetField{$1, nullptr, $3}; }
    ;

settings: %empty                        { }
    | settings setting                  { $$ = build::append($1, $2); }
    ;

setting: name "=" expr                  { $$ = Setting{$1, nullptr, $3, nullptr}; }
    | name string "=" expr              { $$ = Setting{$1, $2, $4, nullptr}; }
    | name signature body               { $$ = Setting{$1, nullptr, nullptr, build::function(false, $2, nullptr, $3)}; }
    ;

/* Statements */

statements: %empty                      { }
    | statements statement              { $$ = build::append($1, $2); }
    ;

statement: targets "=" expr quantifier  { $$ = build::withValue(build::statement(Statement::Kind::Equation, @$), $3);
                                          $$.targets = $1; $$.binding = $4; }
    | "param" owned_name ":" type "=" expr
                                        { $$ = build::owned(Statement::Kind::Param, $2, $4, $6, @$); }
    | "state" owned_name ":" type "=" expr
                                        { $$ = build::owned(Statement::Kind::State, $2, $4, $6, @$); }
    | "require" expr "," expr           { $$ = build::withValue(build::statement(Statement::Kind::Require, @$), $2);
                                          $$.values.push_back($4); }
    | "expect" expr "," expr            { $$ = build::withValue(build::statement(Statement::Kind::Expect, @$), $2);
                                          $$.values.push_back($4); }
    | "metric" name "=" expr            { $$ = build::withValue(build::statement(Statement::Kind::Metric, @$), $4);
                                          $$.name = $2; }
    | "show" exprs                      { $$ = build::statement(Statement::Kind::Show, @$); $$.values = $2; }
    | "return" expr                     { $$ = build::withValue(build::statement(Statement::Kind::Return, @$), $2); }
    ;

owned_name: name                        { $$.name = $1; }
    | name "as" name                    { $$.pathName = build::name($1); $$.name = $3; }
    | string "as" name                  { $$.pathName = $1; $$.name = $3; }
    ;

targets: target                         { $$ = build::single($1); }
    | targets "," target                { $$ = build::append($1, $3); }
    ;

target: name type_annotation            { $$ = Target{$1, false, nullptr, $2}; }
    | PRIMED                            { $$ = Target{Name{$1, @1}, true, nullptr, nullptr}; }
    | name "[" expr "]" type_annotation { $$ = Target{$1, false, $3, $5}; }
    ;

quantifier: %empty                      { }
    | "for" binding                     { $$ = $2; }
    ;

binding: name "in" expr                 { $$ = Binding{$1, $3}; }
    ;

bindings: binding                       { $$ = build::single($1); }
    | bindings "," binding              { $$ = build::append($1, $3); }
    ;

/* Expressions, from the loosest to the tightest */

exprs: expr                             { $$ = build::single($1); }
    | exprs "," expr                    { $$ = build::append($1, $3); }
    ;

expr: pipe                              { $$ = $1; }
    | "if" expr "then" expr "else" expr { $$ = build::conditional($2, $4, $6, @$); }
    ;

pipe: or                                { $$ = $1; }
    | pipe "|>" operand                 { $$ = build::pair(Expr::Kind::Pipe, $1, @2, $3, @$); }
    ;

or: and                                 { $$ = $1; }
    | or "or" and                       { $$ = build::binary(Op::Or, $1, @2, $3, @$); }
    ;

and: not                                { $$ = $1; }
    | and "and" not                     { $$ = build::binary(Op::And, $1, @2, $3, @$); }
    ;

not: cmp                                { $$ = $1; }
    | "not" not                         { $$ = build::unary(UnaryOp::Not, @1, $2, @$); }
    ;

cmp: range                              { $$ = $1; }
    | range comparison range            { $$ = build::binary($2, $1, @2, $3, @$); }
    ;

comparison: "==" { $$ = Op::Eq; } | "!=" { $$ = Op::Ne; }
    | "<" { $$ = Op::Lt; } | "<=" { $$ = Op::Le; } | ">" { $$ = Op::Gt; } | ">=" { $$ = Op::Ge; }
    ;

range: sum                              { $$ = $1; }
    | sum ".." sum                      { $$ = build::pair(Expr::Kind::Range, $1, @2, $3, @$); }
    ;

sum: term                               { $$ = $1; }
    | sum "+" term                      { $$ = build::binary(Op::Add, $1, @2, $3, @$); }
    | sum "-" term                      { $$ = build::binary(Op::Sub, $1, @2, $3, @$); }
    ;

term: unary                             { $$ = $1; }
    | term "*" unary                    { $$ = build::binary(Op::Mul, $1, @2, $3, @$); }
    | term "/" unary                    { $$ = build::binary(Op::Div, $1, @2, $3, @$); }
    | term "div" unary                  { $$ = build::binary(Op::IntDiv, $1, @2, $3, @$); }
    | term "mod" unary                  { $$ = build::binary(Op::Mod, $1, @2, $3, @$); }
    ;

unary: operand                          { $$ = $1; }
    | operand "^" unary                 { $$ = build::binary(Op::Pow, $1, @2, $3, @$); }
    | "-" unary                         { $$ = build::unary(UnaryOp::Neg, @1, $2, @$); }
    ;

operand: postfix                        { $$ = $1; }
    | postfix ":" postfix               { $$ = build::pair(Expr::Kind::Labelled, $1, @2, $3, @$); }
    ;

postfix: primary                        { $$ = $1; }
    | postfix "(" call ")"              { $$ = build::call($1, @2, $3, @$); }
    | postfix "[" index "]"             { $$ = build::subscript($1, @2, $3, @$); }
    ;

call: %empty                            { }
    | arguments                         { $$.arguments = $1; }
    | over                              { $$.over = $1; $$.hasOver = true; }
    | arguments over                    { $$.arguments = $1; $$.over = $2; $$.hasOver = true; }
    ;

over: "over" dim_list                   { $$ = $2; }
    ;

arguments: argument                     { $$ = build::single($1); }
    | arguments "," argument            { $$ = build::append($1, $3); }
    ;

argument: expr                          { $$ = Argument{{}, $1}; }
    | name "=" expr                     { $$ = Argument{$1, $3}; }
    ;

index: expr                             { $$ = build::IndexParts{$1, false, {}}; }
    | expr "over" dim                   { $$ = build::IndexParts{$1, false, build::single($3)}; }
    | sum ".."                          { $$ = build::IndexParts{$1, true, {}}; }
    | sum ".." "over" dim               { $$ = build::IndexParts{$1, true, build::single($4)}; }
    ;

primary: name                           { $$ = build::name($1); }
    | PRIMED                            { $$ = build::primedName($1, @1); }
    | INT                               { $$ = build::integer($1, @1); }
    | FLOAT                             { $$ = build::floating($1, @1); }
    | "true"                            { $$ = build::leaf(Expr::Kind::True, @1); }
    | "false"                           { $$ = build::leaf(Expr::Kind::False, @1); }
    | "none"                            { $$ = build::leaf(Expr::Kind::None, @1); }
    | string                            { $$ = $1; }
    | "(" expr ")"                      { $$ = build::paren($2, @$); }
    | "[" "]"                           { $$ = build::list({}, @$); }
    | "[" elements "]"                  { $$ = build::list($2, @$); }
    | "[" expr "for" binding "]"        { $$ = build::comprehension($2, $4, @$); }
    ;

elements: element                       { $$ = build::single($1); }
    | elements "," element              { $$ = build::append($1, $3); }
    ;

element: expr                           { $$ = Element{false, $1}; }
    | "..." operand                     { $$ = Element{true, $2}; }
    ;

string: QUOTE parts QUOTE_END           { $$ = build::string($2, @$); }
    ;

parts: %empty                           { }
    | parts part                        { $$ = build::append($1, $2); }
    ;

part: TEXT                              { $$ = StringPart{$1, nullptr}; }
    | INTERPOLATION expr INTERPOLATION_END
                                        { $$ = StringPart{"", $2}; }
    ;

%%

void Grammar::report_syntax_error(const context &where) const {
  static const int most = YYNTOKENS;
  std::vector<symbol_kind_type> expected(most);
  expected.resize(where.expected_tokens(expected.data(), most));
  throw explainSyntaxError(lexer, where.token(), where.location(), expected);
}

void Grammar::error(const location_type &at, const std::string &message) {
  throw SyntaxError{Diagnostic::error(at, message)};
}
