using System.CommandLine;
using System.CommandLine.Help;
using System.Text;
using IlZo.Adapters;
using IlZo.Cli;
using IlZo.Fuzz.Mutation;
using IlZo.Models;
using IlZo.Tensors;
using IlZo.Training;

namespace IlZo.Fuzz.Targets;

/// <summary>What a user types, and files of it.</summary>
internal static class CommandTargets
{
    public static IEnumerable<FuzzTarget> All =>
    [
        new("command-line", "arguments, one a line, up to the checked options of a "
            + "training", Seeds, new ByteMutator([.. CommandWords()]), ReadArguments) { MaxLength = 1 << 11 },
        new(
            "settings-file",
            "the file of --config",
            () => SeedFiles.In("settings-file"),
            new JsonMutator([.. TrainingSetting.All.Select(s => s.Name), "options", "continued", "lora", "mezo-adam", "1e999"]),
            ReadSettings),
        new(
            "patterns",
            "lists of --train-only, --freeze and --targets",
            PatternSeeds,
            new ByteMutator("*", "?", "[0-3]", "[!a]", "[]", ",", "[z-a]", "\\", "(", "$", "*.bias", "role:query", "all-linear", "q_proj"),
            ReadPatterns) { MaxLength = 1 << 10 },
    ];

    private static IEnumerable<string> CommandWords() =>
    [
        "\n", "=", "train\n", "compare\n", "eval\n", "bench\nstep\n", "--help", "--json", "--run\nx\n", "--resume\n", "--", "@x",
        .. TrainingSetting.All.Select(s => $"--{s.Name}\n"), "lora\n", "prefix\n", "fzoo\n", "dizo\n", "loren\n", "curvzo\n", "mezo-svrg\n",
        "rank=4", "source=true", "sphere\n", "cosine\n", "bf16x3\n", "amx\n", "fp16\n",
        "1e999\n", "NaN\n", "-0\n", "99999999999999999999\n",
    ];

    private static IEnumerable<byte[]> Seeds() => new[]
    {
        "train", "train\n--steps\n20\n--lr\n1e-3\n--optimizer\nmezo-adam", "train\n--adapter\nlora\n--rank\n4\n--opt\nbeta1=0.9",
        "compare\n--optimizers\nmezo,kerzoo\n--seeds\n1",
        "eval\n--task\nsst2", "score\n--text\nx", "tokenize\n--ids\n1,2", "tokenize\n--text\nx\n--split-special-tokens",
        "generate\n--prompt\nx\n--temperature\n0.5", "replay\n--run\nx", "export\n--run\nx\n--out\ny", "inspect\nbuiltin",
        "bench\nstep\n--shape\nopt-tiny", "ls\ntasks", "train\n--help",
    }.Select(Encoding.UTF8.GetBytes);

    private static Action<byte[]> ReadArguments()
    {
        var root = CommandLine.Root();
        return input =>
        {
            string[] arguments = Encoding.UTF8.GetString(input).Split('\n');
            var parsed = root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
            if (parsed.Errors.Count > 0)
            {
                Failure.ReportUsage(parsed);
                throw new InvalidInputException(parsed.Errors[0].Message);
            }

            // Beside --help nothing else of a line is looked at.
            if (parsed.Action is not HelpAction && parsed.CommandResult.Command.Name == "train")
            {
                TrainingSetting.Resolve(parsed, TrainingSetting.All).Validate();
            }
        };
    }

    private static Action<byte[]> ReadSettings()
    {
        var train = CommandLine.Root().Parse(["train"]);
        return input =>
        {
            var values = TrainingConfigFile.Read(Scratch.File("settings.json", input), device: null);
            TrainingSetting.Resolve(train, TrainingSetting.All, values).Validate();
        };
    }

    private static IEnumerable<byte[]> PatternSeeds() =>
        new[] { "*", "*.bias", "*layers.[0-1].*,a?", "[!0-3]*" }.Select(Encoding.UTF8.GetBytes);

    private static Action<byte[]> ReadPatterns()
    {
        var model = CheckpointTargets.Load(SeedFiles.Read("config-llama", "plain.json"), TinyModels.Weights("llama"));
        return input =>
        {
            string text = Encoding.UTF8.GetString(input);
            TryTargets(text, model);
            NamePatterns.Choose(model.Parameters, text, freeze: null);
            model.Parameters.Train(_ => true);
        };
    }

    // Most patterns of tensors are no names of layers.
    private static void TryTargets(string text, LanguageModel model)
    {
        try
        {
            TargetModules.Parse(text, model).In(model, "--targets");
        }
        catch (InvalidInputException)
        {
        }
    }
}
