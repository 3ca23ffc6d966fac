using IlZo.Cli;

return CommandLine.Run(args);
