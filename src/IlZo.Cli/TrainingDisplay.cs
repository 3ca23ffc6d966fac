using System.Diagnostics;
using IlZo.Models;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Reporting;
using IlZo.Tensors;
using IlZo.Training;
using IlZo.Updates;

namespace IlZo.Cli;

/// <summary>
/// Shows a training on standard error: a line that is rewritten where that is a terminal, else a line a minute and one for every
/// evaluation.
/// </summary>
internal sealed class TrainingDisplay : IProgress<TrainingProgress>
{
    private const double Smoothing = 0.05;
    private static readonly TimeSpan s_live = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_plain = TimeSpan.FromMinutes(1);

    private readonly bool _terminal = !Console.IsErrorRedirected;
    private readonly Stopwatch _sinceLine = new();
    private readonly Stopwatch _stepping = new();
    private long _stepsHere;
    private readonly ExponentialMean _loss = new(Smoothing);

    /// <summary>The last step that is in the run.</summary>
    public long LastStep { get; private set; }

    public void Report(TrainingProgress value)
    {
        switch (value)
        {
            case TrainingProgress.Started started:
                Start(started);
                break;
            case TrainingProgress.MemoryIsTight tight:
                Terminal.Say($"warning: {tight.Finding}.");
                break;
            case TrainingProgress.ZeroShot zeroShot:
                Terminal.Say(Format.Invariant($"zero-shot: {Format.Metrics(zeroShot.Evaluation)}, loss {zeroShot.Evaluation.Loss:F4}"));
                _stepping.Start();
                break;
            case TrainingProgress.Step step:
                Step(step);
                break;
            case TrainingProgress.DevEvaluation dev:
                string saved = dev.Best ? " (best, saved)" : string.Empty;
                Terminal.Say(Format.Invariant(
                    $"step {dev.At}: dev {Format.Metrics(dev.Evaluation)}, dev loss {dev.Evaluation.Loss:F4}{saved}"));
                break;
        }
    }

    private void Start(TrainingProgress.Started started)
    {
        var o = started.Configuration.Options;
        LastStep = started.ReplayedSteps;
        Terminal.Say($"model {o.Model}, task {o.Task}, data {o.Data ?? "built-in sample"}");
        Terminal.Say(Format.Invariant(
            $"{o.Optimizer}: {o.Steps} steps of {o.BatchSize} examples, lr {o.LearningRate:R}, eps {o.Epsilon:R}"));
        string clip = o.Clip is { } limit ? Format.Invariant($", clip {limit:R}") : string.Empty;
        string own = o.Opt.Length > 0 ? $", {o.Opt}" : string.Empty;
        Terminal.Say(Format.Invariant(
            $"schedule {ScheduleWords.Instance.Of(o.Schedule)}, warmup {o.Warmup}, {o.Queries} "
                + $"{DirectionWords.Instance.Of(o.Directions!.Value)} directions, sides {o.Sides}{clip}{own}"));
        Terminal.Say(Format.Invariant(
            $"weight decay {o.WeightDecay:R}, objective {o.Objective}, seed {o.Seed}, data seed {o.DataSeed}, dtype "
                + $"{DTypeWords.Instance.Of(o.DType)}"));
        var computed = started.Configuration.Computed;
        Terminal.Say($"engine {computed[^1].Engine} in {computed[^1].Precision}, arithmetic {computed[^1].Arithmetic}");
        foreach (var (before, after) in computed.Zip(computed.Skip(1)))
        {
            Terminal.Say($"note: the steps up to {after.AfterStep} were computed by {before.Engine} in {before.Precision}, arithmetic "
                + $"{before.Arithmetic}");
        }

        foreach (string warning in started.Warnings)
        {
            Terminal.Say($"note: {warning}");
        }

        if (started.TrainedWeights < started.Weights)
        {
            string adapter = o.Adapter is { } name ? $"adapter {name}: " : string.Empty;
            Terminal.Say(Format.Invariant($"{adapter}training {started.TrainedWeights:N0} of {started.Weights:N0} weights"));
        }

        Terminal.Say(
            $"examples: {started.Examples.Train.Count} train, {started.Examples.Dev.Count} dev, {started.Examples.Test.Count} test");
        ExampleNotes.Say(started.Examples);
        Terminal.Say($"run: {started.Run}{(LastStep > 0 ? $", continued after step {LastStep}" : string.Empty)}");

        // Published settings are for all weights of models far larger than the built-in one.
        var departures = o.Model == ModelLoader.BuiltIn || started.TrainedWeights < started.Weights
            ? []
            : PublishedSetting.Departures(OptimizerCatalog.Find(o.Optimizer), o.LearningRate!.Value, o.Epsilon!.Value);
        foreach (string departure in departures)
        {
            Terminal.Say($"warning: {departure} ('ilzo ls optimizers --verbose').");
        }
    }

    private void Step(TrainingProgress.Step step)
    {
        _stepping.Start();
        _stepsHere++;
        LastStep = step.Record.Step;
        if (!step.Record.Skipped)
        {
            _loss.Add(step.Record.MeanLoss);
        }

        bool last = LastStep == step.Steps;
        if (_sinceLine.IsRunning && _sinceLine.Elapsed < (_terminal ? s_live : s_plain) && !last)
        {
            return;
        }

        _sinceLine.Restart();
        Line(step);
    }

    private void Line(TrainingProgress.Step step)
    {
        double rate = _stepsHere / Math.Max(1e-9, _stepping.Elapsed.TotalSeconds);
        string gradient = step.Record.Skipped
            ? "skipped: loss not finite"
            : Format.Invariant($"projected gradient {step.ProjectedGradient,8:F3}");
        string remaining = Format.Duration((step.Steps - LastStep) / rate);
        string at = $"step {LastStep}/{step.Steps}";
        string speed = Format.Invariant($"{rate:F1} steps/s  ETA {remaining}");
        string line = Format.Invariant($"{at}  loss {_loss.Value:F4}  {gradient}  {speed}");
        if (_terminal)
        {
            // Where there is little room, when it ends is kept longest.
            Terminal.SayLive(line, Format.Invariant($"{at}  loss {_loss.Value:F4}  {speed}"), $"{at}  {speed}", speed, $"ETA {remaining}");
        }
        else
        {
            Terminal.Say(line);
        }
    }
}
