using System.Text.Json;

namespace IlZo.Cli.Tests;

/// <summary>Runs of a few steps on the smallest real model.</summary>
internal static class TinyRun
{
    /// <summary>The command of a run that takes seconds.</summary>
    /// <param name="steps">Its steps.</param>
    /// <param name="more">Further flags with their values, which take the place of the usual ones.</param>
    public static string[] Command(int steps, params string[] more)
    {
        string[][] usual =
        [
            ["--model", TestData.Stories], ["--task", "sst2"], ["--steps", $"{steps}"], ["--batch-size", "2"], ["--lr", "1e-4"],
            ["--train-size", "32"], ["--dev-size", "8"], ["--test-size", "8"], ["--eval-every", "20"], ["--seed", "3"],
        ];
        return ["train", "--allow-worse", .. usual.Where(flag => !more.Contains(flag[0])).SelectMany(flag => flag), .. more];
    }

    /// <summary>Trains in a folder and returns the result.</summary>
    public static JsonElement Train(string run, int steps, params string[] more) =>
        Ilzo.Run(Command(steps, ["--run", run, "--json", .. more])).Json;

    public static string Sha(JsonElement result) => result.GetProperty("weights_sha256").GetString()!;
}
