using System.CommandLine;
using IlZo.Fuzz.Engine;
using IlZo.Fuzz.Kills;
using IlZo.Fuzz.Targets;

namespace IlZo.Fuzz;

/// <summary>The command line of this program.</summary>
internal static class FuzzCommandLine
{
    private const string All = "all";

    private static readonly Option<string> s_target =
        new("--target") { Description = "A target's name, or all.", DefaultValueFactory = _ => All };
    private static readonly Option<long> s_inputs =
        new("--inputs") { Description = "Inputs of each target.", DefaultValueFactory = _ => 1_000_000 };
    private static readonly Option<double> s_seconds =
        new("--seconds") { Description = "Seconds of all targets together.", DefaultValueFactory = _ => 1e9 };
    private static readonly Option<int> s_seed = new("--seed") { Description = "Decides every input.", DefaultValueFactory = _ => 1 };
    private static readonly Option<string> s_findings = new("--findings")
    {
        Description = "The folder for inputs that fail.",
        DefaultValueFactory = _ => Path.Combine("artifacts", "fuzz"),
    };

    /// <summary>The verbs. Without one, targets are fuzzed.</summary>
    public static RootCommand Root()
    {
        var root = new RootCommand("Feeds mutated inputs to the parsers of IlZo. Exit code 1 where anything was found.")
        {
            s_target, s_inputs, s_seconds, s_seed, s_findings, Work(), Replay(), List(), Kill(), Instrument(),
        };
        root.SetAction(parsed =>
        {
            FuzzTarget[] targets = [.. Chosen(parsed.GetRequiredValue(s_target))];
            var amount = new FuzzAmount(parsed.GetValue(s_inputs), parsed.GetValue(s_seconds) / targets.Length, parsed.GetValue(s_seed));
            var campaign = new Campaign(amount, Path.GetFullPath(parsed.GetRequiredValue(s_findings)));
            int findings = targets.Sum(campaign.Run);
            Console.WriteLine($"{targets.Length} targets, {findings} findings");
            return findings == 0 ? 0 : 1;
        });
        return root;
    }

    private static Command Work()
    {
        var state = new Option<string>("--state") { Required = true };
        var command = new Command("work", "A part of a campaign.") { s_target, s_inputs, s_seconds, s_seed, s_findings, state };
        command.Hidden = true;
        command.SetAction(parsed =>
        {
            var target = Chosen(parsed.GetRequiredValue(s_target)).Single();
            using var numbers = new WorkerState(parsed.GetRequiredValue(state));
            var worker = new Worker(target, new FindingFolder(Path.Combine(parsed.GetRequiredValue(s_findings), target.Name)), numbers);
            worker.Run(new FuzzAmount(parsed.GetValue(s_inputs), parsed.GetValue(s_seconds), parsed.GetValue(s_seed)));
            return 0;
        });
        return command;
    }

    private static Command Replay()
    {
        var file = new Argument<string>("FILE");
        var command = new Command("replay", "Works on one input; what goes wrong is printed, and the exit code is 1.") { s_target, file };
        command.SetAction(parsed =>
        {
            var target = Chosen(parsed.GetRequiredValue(s_target)).Single();
            string folder = Directory.CreateTempSubdirectory("ilzo-fuzz-").FullName;
            using var numbers = new WorkerState(Path.Combine(folder, "state"));
            new Worker(target, new FindingFolder(folder), numbers).RunOne(File.ReadAllBytes(parsed.GetRequiredValue(file)));
            foreach (string description in Directory.GetFiles(folder, "*.txt"))
            {
                Console.WriteLine(File.ReadAllText(description));
            }

            Console.WriteLine($"{numbers.Values.Findings} findings");
            return numbers.Values.Findings == 0 ? 0 : 1;
        });
        return command;
    }

    private static Command List()
    {
        var command = new Command("list", "Names the targets.");
        command.SetAction(_ =>
        {
            foreach (var target in TargetCatalog.All)
            {
                Console.WriteLine($"{target.Name,-20} {target.Parses}");
            }
        });
        return command;
    }

    private static Command Kill()
    {
        var kills = new Option<int>("--kills") { Description = "How many times commands are killed.", DefaultValueFactory = _ => 100 };
        var command = new Command("kill", "Kills commands that write at random moments and runs them again.") { kills, s_seed };
        command.SetAction(parsed => new KillHarness(parsed.GetValue(s_seed)).Run(parsed.GetValue(kills)) == 0 ? 0 : 1);
        return command;
    }

    private static Command Instrument()
    {
        var command =
            new Command("instrument", "Prepares the product's assemblies beside this program; a build does it.") { Hidden = true };
        command.SetAction(_ => Instrumentation.Apply());
        return command;
    }

    private static IEnumerable<FuzzTarget> Chosen(string name) => name == All ? TargetCatalog.All : [TargetCatalog.Named(name)];
}
