using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace IlZo.Fuzz.Kills;

/// <summary>Every command that leaves files, on a model of 260,000 weights.</summary>
/// <param name="ilzo">Runs commands.</param>
/// <param name="folder">Where inputs of the commands are made.</param>
internal sealed class KillScenarios(IlzoProcess ilzo, string folder)
{
    private static readonly string[] s_small =
        [
            "--task", "sst2", "--steps", "60", "--batch-size", "2", "--train-size", "16", "--dev-size", "4", "--test-size", "4",
            "--eval-every", "15", "--seed", "3",
        ];

    private readonly string _model = Path.Combine(IlzoProcess.Repository, "tests", "data", "models", "stories260K");

    /// <summary>Makes what the commands read, and lists them.</summary>
    public IReadOnlyList<KillScenario> Make()
    {
        string run = Path.Combine(folder, "run");
        string lora = Path.Combine(folder, "lora");
        string head = Path.Combine(folder, "head");
        ilzo.Succeed(Train(run));
        ilzo.Succeed(Train(lora, "--adapter", "lora"));
        ilzo.Succeed("add-head", "--model", _model, "--task", "sst2", "--out", head);
        return
        [
            new("train", place => Train(place), OfRun),
            new("train --weight-memory", place => Train(place, "--weight-memory", "0", "--write-every", "2"), OfRun),
            new("train --adapter lora", place => Train(place, "--adapter", "lora"), OfRun),
            new("train --adapter prefix", place => Train(place, "--adapter", "prefix"), OfRun),
            new("train, a head", place => [.. Train(place).Select(a => a == _model ? head : a)], OfRun),
            new("train --optimizer mezo-adam", place => Train(place, "--optimizer", "mezo-adam"), OfRun),
            new("export", place => ["export", "--run", run, "--out", place], OfFolder),
            new("export, an adapter", place => ["export", "--run", lora, "--out", place], OfFolder),
            new("export --merge", place => ["export", "--run", lora, "--merge", "--out", place], OfFolder),
            new("replay --out", place => ["replay", "--run", run, "--out", place], OfFolder),
            new("add-head", place => ["add-head", "--model", _model, "--task", "sst2", "--out", place], OfFolder),
            new("compare", place => Compare(place), OfComparison),
            new("compare --resume", place => Compare(place, "--resume"), OfComparison),
            new("sweep --resume", place => [.. Sweep(place), "--resume"], OfSweep),
            new(
                "eval --predictions",
                place => ["eval", "--model", _model, "--task", "sst2", "--test-size", "8", "--predictions", place],
                OfFile),
            new("score --logits", place => ["score", "--model", _model, "--text", "Once upon a time", "--logits", place], OfFile),
            new("bench make", place => ["bench", "make", "--shape", "opt-tiny", "--out", place], OfCheckpoint),
        ];
    }

    private string[] Train(string place, params string[] more) =>
        ["train", "--model", _model, .. s_small, .. more, "--run", place, "--resume", "--allow-worse"];

    private static string[] Compare(string place, params string[] more) =>
    [
        "compare", "--function", "rosenbrock", "--optimizers", "mezo,fzoo", "--seeds", "1", "--forward-passes", "4000", "--out",
        place, .. more,
    ];

    private string[] Sweep(string place) =>
    [
        "sweep", "--model", _model, "--vary", "lr=1e-5,1e-4,1e-3", "--strategy", "halving", "--forward-passes", "12",
        .. s_small.Chunk(2).Where(flag => flag[0] is not ("--steps" or "--eval-every" or "--lr")).SelectMany(flag => flag), "--out", place,
    ];

    // A run that has no result yet is continued; its checkpoint, once it is there, is a whole one.
    private static string? OfRun(string place)
    {
        string result = Path.Combine(place, "result.json");
        string[] weights = [.. Folders(place).SelectMany(f => Directory.GetFiles(f, "*.safetensors"))];
        foreach (string file in weights)
        {
            RequireWhole(file);
        }

        RequireWholePage(Path.Combine(place, "report.html"));
        return File.Exists(result)
            ? string.Join(' ', [
                (string?)JsonNode.Parse(File.ReadAllBytes(result))!["weights_sha256"], .. weights.Order(StringComparer.Ordinal).Select(Sha),
            ])
            : null;
    }

    private static void RequireWholePage(string path)
    {
        if (File.Exists(path) && !File.ReadAllText(path).EndsWith("</html>\n", StringComparison.Ordinal))
        {
            throw new InvalidOperationException($"'{path}' is part of a page.");
        }
    }

    private static IEnumerable<string> Folders(string place) =>
        new[] { "checkpoint", "adapter" }.Select(name => Path.Combine(place, name)).Where(Directory.Exists);

    // A folder that appears under its name has all its files.
    private static string? OfFolder(string place) => !Directory.Exists(place) ? null : string.Join(
        '\n', Directory.GetFiles(place).Order(StringComparer.Ordinal).Select(file => $"{Path.GetFileName(file)} {Sha(file)}"));

    private static string? OfFile(string place) => File.Exists(place) ? Sha(place) : null;

    // The folder is made first, and each file in it appears whole.
    private static string? OfCheckpoint(string place)
    {
        string weights = Path.Combine(place, "model.safetensors");
        return File.Exists(weights) ? OfFolder(place) : null;
    }

    private static string? OfComparison(string place) =>
        OfStudy(place, ["compare.json", "table.md", "curves.svg", "report.html", "points.csv"]);

    private static string? OfSweep(string place) =>
        OfStudy(place, ["sweep.json", "table.md", "curves.svg", "report.html", "points.csv", "best.json"]);

    // What is known is written again and again until all of it is.
    private static string? OfStudy(string place, string[] names)
    {
        string[] files = [.. names.Select(name => Path.Combine(place, name)).Where(File.Exists)];
        if (files.Length == 0)
        {
            return null;
        }

        var numbers = WithoutMeasurements(JsonNode.Parse(File.ReadAllBytes(files[0]))!);
        if ((bool)numbers["interrupted"]!)
        {
            return null;
        }

        string text = numbers.ToJsonString();
        return files.Length == names.Length ? Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text))) : null;
    }

    private static JsonNode WithoutMeasurements(JsonNode node)
    {
        foreach (var member in node is JsonObject members ? members.ToList() : [])
        {
            if (member.Key.Contains("seconds", StringComparison.Ordinal) || member.Key == "peak_resident_bytes")
            {
                node.AsObject().Remove(member.Key);
            }
            else if (member.Value is { } value)
            {
                WithoutMeasurements(value);
            }
        }

        foreach (var item in node is JsonArray items ? items.ToList() : [])
        {
            if (item is not null)
            {
                WithoutMeasurements(item);
            }
        }

        return node;
    }

    private static void RequireWhole(string file)
    {
        using var opened = Checkpoints.SafetensorsFile.Open(file);
    }

    private static string Sha(string file) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file)));
}
