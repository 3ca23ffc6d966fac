using System.CommandLine;
using IlZo.Datasets;
using IlZo.Models;
using IlZo.Tasks;

namespace IlZo.Cli.Commands;

/// <summary><c>ilzo ls</c>.</summary>
internal static class ListCommand
{
    public static Command Create() => new("ls", "List models, tasks or optimizers.")
    {
        List("models", "Model architectures and the built-in model.", Models),
        List("tasks", "Built-in tasks.", Tasks),
        OptimizerListCommand.Create(),
    };

    private static IEnumerable<(string Name, string Description)> Models() =>
    [
        (ModelLoader.BuiltIn, "opt-reviews-6m, a small OPT trained on review text, inside the program"),
        .. ModelCatalog.Families.Select(f => (f.ModelType, $"{f.Description} ({f.Architecture})")),
    ];

    private static IEnumerable<(string Name, string Description)> Tasks() =>
    [
        .. TaskCatalog.All.Select(
            t => (t.Name, $"{t.Description} ({Models(t)}{(t.Sample is null ? "needs --data" : "with a built-in sample")})")),
        (UserData.TaskName, "Your own prompts, conversations or texts (needs --data)"),
    ];

    private static string Models(TaskDefinition task) =>
        !task.HasCausalPrompt
            ? "prompt for masked models only, "
            : task.MaskedMaxLength is null ? string.Empty : "prompts for causal and masked models, ";

    private static Command List(string name, string description, Func<IEnumerable<(string Name, string Description)>> entries)
    {
        var json = Flags.Json($"Print one JSON object with the array {name}.");
        var command = new Command(name, description) { json };
        command.SetAction(parsed =>
        {
            if (!parsed.GetValue(json))
            {
                Terminal.PrintTable(entries());
                return 0;
            }

            Terminal.PrintJson(writer =>
            {
                writer.WriteStartArray(name);
                foreach (var (entry, text) in entries())
                {
                    writer.WriteStartObject();
                    writer.WriteString("name", entry);
                    writer.WriteString("description", text);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
            });
            return 0;
        });
        return command;
    }
}
