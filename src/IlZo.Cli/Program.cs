using IlZo.Cli;

return CommandRunner.Run(args, CommandLine.Root);
