using IlZo.Fuzz;
using IlZo.Fuzz.Engine;

Coverage.Attach();
return FuzzCommandLine.Root().Parse(args).Invoke();
