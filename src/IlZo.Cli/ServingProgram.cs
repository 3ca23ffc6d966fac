using System.CommandLine;

namespace IlZo.Cli;

/// <summary>
/// What <c>ilzo serve</c> does: it becomes the program <c>ilzo-serve</c>, which has the web server that no other command needs.
/// </summary>
internal static class ServingProgram
{
    public static int Run(ParseResult parsed)
    {
        ServeOptions.Read(parsed);
        var program = SiblingProgram.Find(SiblingProgram.Serving) ?? throw new InvalidInputException(
            $"There is no program {SiblingProgram.Serving} in '{AppContext.BaseDirectory}', beside this one; 'dotnet publish "
                + "src/IlZo.Server -c Release -r RID -o DIR' puts it there, and 'dotnet run -c Release --project src/IlZo.Server -- "
                + "OPTIONS' runs it from a clone.");

        // All words but the command's own.
        string command = parsed.CommandResult.IdentifierToken.Value;
        string[] args = [.. Environment.GetCommandLineArgs()[1..].SkipWhile(word => word != command).Skip(1)];
        return SiblingProgram.Become(program.File, [.. program.Arguments, .. args]);
    }
}
