using System.Diagnostics;

namespace IlZo.Fuzz.Kills;

/// <summary>
/// Kills commands at random moments and runs them again. What they leave in the end must be what an undisturbed command leaves; what is
/// found under a final name in between must be whole; and nothing temporary may remain.
/// </summary>
/// <param name="seed">Decides the moments, as shares of the time that an undisturbed command takes.</param>
internal sealed class KillHarness(int seed)
{
    private const int KillsInARow = 3;
    private static readonly string[] s_temporary = [".tmp-", ".old-"];

    private readonly IlzoProcess _ilzo = new();
    private readonly Random _random = new(seed);

    /// <summary>Kills until there were enough, prints what was seen and returns the number of faults.</summary>
    public int Run(int kills)
    {
        string folder = Directory.CreateTempSubdirectory("ilzo-kills-").FullName;
        try
        {
            var scenarios = new KillScenarios(_ilzo, folder).Make();
            int faults = 0;
            int done = 0;
            for (int i = 0; i < scenarios.Count; i++)
            {
                // What is left is shared out evenly.
                int share = (kills - done + scenarios.Count - i - 1) / (scenarios.Count - i);
                string place = Path.Combine(folder, $"scenario-{i}");
                Directory.CreateDirectory(place);
                var (killed, found) = Try(scenarios[i], place, share);
                done += killed;
                faults += found;
            }

            Console.WriteLine($"{done} kills, {faults} faults");
            return faults;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private (int Kills, int Faults) Try(KillScenario scenario, string folder, int kills)
    {
        string whole = Path.Combine(folder, "whole");
        var clock = Stopwatch.StartNew();
        _ilzo.Succeed(scenario.Command(whole));
        var time = clock.Elapsed;
        string expected = scenario.Digest(whole)!;
        var faults = new List<string>();
        int done = 0;
        for (int round = 0; done < kills && round < kills; round++)
        {
            string place = Path.Combine(folder, $"{round}");
            for (int i = 0; i < KillsInARow && done < kills && scenario.Digest(place) is null; i++)
            {
                done += _ilzo.Run(scenario.Command(place), Moment(time)).Killed ? 1 : 0;
                Check(() => (scenario.Digest(place) ?? expected) == expected, "what is under the final name is not whole");
            }

            // Also where the result is there already: what a kill at the very end left has to go.
            if (scenario.Name != "add-head" || scenario.Digest(place) is null)
            {
                var (exitCode, errors, _) = _ilzo.Run(scenario.Command(place), null);
                Check(() => exitCode == 0, $"the command did not succeed again ({errors.TrimEnd().Split('\n')[^1]})");
            }

            Check(() => scenario.Digest(place) == expected, "the result differs from that of an undisturbed command");
            Check(() => !Leftovers(folder).Any(), "temporary files remain");
        }

        Console.WriteLine($"{scenario.Name,-28} {done,4} kills {faults.Count,3} faults  {string.Join("; ", faults.Distinct())}");
        return (done, faults.Count);

        void Check(Func<bool> holds, string fault)
        {
            try
            {
                if (!holds())
                {
                    faults.Add(fault);
                }
            }
            catch (Exception e)
            {
                faults.Add($"{fault}: {e.Message}");
            }
        }
    }

    // A third of them near the end, where files get their names, and a sixth near the start.
    private TimeSpan Moment(TimeSpan whole) => whole * (_random.Next(6) switch
    {
        0 => 0.15 * _random.NextDouble(),
        1 or 2 => 0.8 + (0.25 * _random.NextDouble()),
        _ => _random.NextDouble(),
    });

    private static IEnumerable<string> Leftovers(string folder) => Directory
        .EnumerateFileSystemEntries(folder, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 })
        .Where(path => s_temporary.Any(part => Path.GetFileName(path).Contains(part, StringComparison.Ordinal)));
}
