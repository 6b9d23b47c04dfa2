#include "lang/Elaborator/Check.h"
bool nacre::lang::checkDeclarations(const ModuleSet &, DiagnosticSink &) { return true; }
