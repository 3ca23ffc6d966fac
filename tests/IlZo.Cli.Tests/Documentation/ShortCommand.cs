namespace IlZo.Cli.Tests.Documentation;

/// <summary>Documented commands with small numbers, so that they take seconds.</summary>
internal static class ShortCommand
{
    private const string Rows = "--train-size 16 --dev-size 2 --test-size 2";
    private const string Step = "--steps 2 --batch-size 2 --allow-worse";
    private const string Measurement = "--shape opt-tiny --batch 1 --seq 8 --steps 1";

    /// <summary>
    /// Options that take the place of a command's own, or are added to them, by words that it has. The first entry that fits decides.
    /// </summary>
    public static IReadOnlyList<(string Words, string Options)> All { get; } =
    [
        ("bench optimizers", "--batch 1 --seq 8 --steps 1"),
        ("bench gemm", "--tokens 1 --repetitions 1"),
        ("bench rng", ""),
        ("bench", Measurement),
        ("train --resume", "--steps 3 --allow-worse"),
        ("train --config", "--allow-worse"),
        ("train --shots", $"--shots 2 --test-size 2 {Step}"),
        ("train faq.jsonl", Step),
        ("train docs/first-chat/faq.csv", "--steps 2 --allow-worse"),
        ("train", $"{Rows} {Step}"),
        ("eval --run", ""),
        ("eval faq.jsonl", "--test-size 1"),
        ("eval", "--test-size 2"),
        ("import", ""),
        ("chat", "--max-new-tokens 4"),
        ("generate", "--max-new-tokens 4"),
        ("replay", "--to-step 1"),
        ("sweep random", $"{Rows} --batch-size 2 --trials 2 --forward-passes 4"),
        ("sweep", $"{Rows} --forward-passes 16"),
        ("probe --function", "--draws 3"),
        ("probe", $"{Rows} --batch-size 2 --draws 2"),
        ("compare --function", "--forward-passes 24 --seeds 2"),
        ("compare", $"{Rows} --batch-size 2 --forward-passes 12 --seeds 1"),
    ];

    /// <summary>The first entry whose words a command has.</summary>
    public static (string Words, string Options) EntryAbout(DocumentedCommand command) =>
        All.FirstOrDefault(entry => entry.Words.Split(' ').All(command.Words.Contains));

    /// <summary>The arguments of a command with the options of the entry about it.</summary>
    /// <param name="command">The command.</param>
    /// <param name="arguments">Its arguments, without patterns of files.</param>
    public static string[] Of(DocumentedCommand command, IEnumerable<string> arguments)
    {
        var words = arguments.ToList();
        foreach (string[] option in Options(EntryAbout(command).Options ?? string.Empty))
        {
            int at = words.IndexOf(option[0]);
            if (at >= 0)
            {
                words.RemoveRange(at, option.Length);
            }

            words.AddRange(option);
        }

        return [.. words];
    }

    // Each with its value, if it has one.
    private static IEnumerable<string[]> Options(string text) =>
        text.Split("--", StringSplitOptions.RemoveEmptyEntries).Select(option => $"--{option.Trim()}".Split(' '));
}
