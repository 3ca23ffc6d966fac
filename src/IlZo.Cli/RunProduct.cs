using System.CommandLine;
using System.Text.Json.Nodes;

namespace IlZo.Cli;

/// <summary>What commands have in common that take something out of a run and save it.</summary>
internal static class RunProduct
{
    /// <summary>The run.</summary>
    public static Option<string> Run() => new("--run") { Description = "Folder of the run.", HelpName = "DIR", Required = true };

    /// <summary>Prints what came of it.</summary>
    /// <param name="json">Whether to print one JSON object.</param>
    /// <param name="output">Where it was saved; null for nowhere.</param>
    /// <param name="figures">What is to be said beside that.</param>
    public static void Print(bool json, string? output, params (string Name, JsonNode Value)[] figures)
    {
        if (!json)
        {
            Terminal.PrintTable([.. figures.Select(f => (f.Name, $"{f.Value}")), .. output is null
                ? Array.Empty<(string, string)>()
                : [("saved to", output)]]);
            return;
        }

        Terminal.PrintJson(writer =>
        {
            foreach (var (name, value) in figures)
            {
                writer.WritePropertyName(name);
                value.WriteTo(writer);
            }

            if (output is not null)
            {
                writer.WriteString("out", output);
            }
        });
    }
}
