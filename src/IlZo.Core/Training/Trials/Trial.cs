using System.Text.Json;
using System.Text.Json.Nodes;
using IlZo.Functions;

namespace IlZo.Training;

/// <summary>One training of a comparison or a sweep, before it is done.</summary>
/// <param name="Options">
/// Its settings, resolved, with the engine that computes it. Its steps are its forward passes: schedule and warm-up count those here, so
/// that they mean the same for all methods.
/// </param>
/// <param name="Points">Evaluations, at equal distances in forward passes.</param>
internal sealed record Trial(TrainingOptions Options, int Points)
{
    // What is not among a trial's results: those do not depend on it.
    private static readonly string[] s_withoutEffect = ["threads", "device", "eval_every", "patience", "stop_on_divergence", "samples"];

    // What decides how a trial goes on from its start, but not where that is.
    private static readonly string[] s_afterStart =
    [
        "optimizer", "opt", "lr", "eps", "queries", "sides", "directions", "clip", "schedule", "warmup", "steps", "batch_size",
        "weight_decay",
    ];

    /// <summary>A function in the place of a model and its task; null for those.</summary>
    public TestFunction? Function { get; init; }

    /// <summary>The variables of the function.</summary>
    public int Dimension { get; init; }

    /// <summary>Whether the test examples are evaluated at the first and at the last point only.</summary>
    public bool TestAtEnd { get; init; }

    /// <summary>Forward passes, which the step that reaches them ends.</summary>
    public int ForwardPasses => Options.Steps;

    /// <summary>Everything that its result follows from, but for the content of files; null is left out.</summary>
    /// <param name="arithmetic">The version of the engine's arithmetic.</param>
    public JsonObject Identity(string arithmetic)
    {
        var options = OptionsWithout(s_withoutEffect);
        var identity = new JsonObject { ["options"] = options, ["points"] = Points, ["arithmetic"] = arithmetic };
        if (Function is not null)
        {
            (identity["function"], identity["dimension"]) = (Function.Name, Dimension);
        }

        if (TestAtEnd)
        {
            identity["test_at_end"] = true;
        }

        return identity;
    }

    /// <summary>What all trials with the same examples and the same start have in common.</summary>
    public string StartKey => OptionsWithout([.. s_withoutEffect, .. s_afterStart]).ToJsonString();

    private JsonObject OptionsWithout(string[] names)
    {
        var options = JsonSerializer.SerializeToNode(Options, RunConfigurationJson.Default.TrainingOptions)!.AsObject();
        string[] absent = [.. options.Where(o => o.Value is null).Select(o => o.Key)];
        foreach (string name in absent.Concat(names))
        {
            options.Remove(name);
        }

        return options;
    }
}
