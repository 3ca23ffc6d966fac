using System.CommandLine;
using IlZo.Models;
using IlZo.Tasks;

namespace IlZo.Cli.Commands;

/// <summary><c>ilzo add-head</c>.</summary>
internal static class AddHeadCommand
{
    private static readonly Option<string> s_model = Flags.Model();
    private static readonly Option<string> s_task = new("--task")
    {
        Description = "A task of 'ilzo ls tasks', or a task file; its candidates are the classes.",
        HelpName = "NAME|FILE",
        Required = true,
    };
    private static readonly Option<string> s_out = new("--out")
    {
        Description = "Folder to create.",
        HelpName = "DIR",
        Required = true,
    };
    private static readonly Option<uint?> s_seed = Flags.Number<uint>("--seed", "N", "Seed for the head's weights (default: 0).");
    private static readonly Option<string?> s_pooling = Flags.Text(
        "--pooling", "token|mean", "What the head reads: the state of one token (default: the first one's in an encoder such as BERT, "
            + "otherwise the last one's), or the mean of an encoder's states.");
    private static readonly Option<bool> s_json = Flags.Json();

    public static Command Create()
    {
        var command = new Command(
            "add-head",
            "Write a model whose head, if it has one, is replaced by an untrained classification head, for training without prompts.")
        {
            s_model, s_task, s_out, s_seed, s_pooling, s_json,
        };
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        var task = TaskCatalog.Load(parsed.GetValue(s_task)!);
        if (!task.HasTexts || task.ClassNames.Count == 0)
        {
            throw new InvalidInputException(
                $"Task {task.Name} has no classes to distinguish without a prompt; a task with \"texts\" and the same candidates for "
                    + "every row was expected.");
        }

        var pooling = parsed.GetValue(s_pooling) switch
        {
            null or "token" => Pooling.Token,
            "mean" => Pooling.Mean,
            string other => throw new InvalidInputException($"--pooling is '{other}'; token or mean was expected."),
        };
        using var model = ModelLoader.Load(ModelArgument.Checkpoint(parsed.GetValue(s_model)!));
        string output = Path.GetFullPath(parsed.GetValue(s_out)!);
        ClassificationCheckpoint.Write(model, task.ClassNames, parsed.GetValue(s_seed) ?? 0, output, pooling);
        if (parsed.GetValue(s_json))
        {
            Terminal.PrintJson(writer => writer.WriteString("out", output));
        }
        else
        {
            Terminal.PrintTable([("saved to", output), ("classes", string.Join(", ", task.ClassNames))]);
        }

        return 0;
    }
}
