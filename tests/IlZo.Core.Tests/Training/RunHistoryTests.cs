using IlZo.Optimizers;
using IlZo.Tasks;
using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Training;

public sealed class RunHistoryTests
{
    private static readonly string s_hash = new('a', 64);

    [Fact]
    public void The_best_loss_counts_from_the_start_and_numbers_that_are_not_finite_never_are_the_best()
    {
        var history = History(Dev(0, 1.0), Dev(10, double.NaN), Dev(20, 1.0), Dev(30, 0.9), Dev(40, 0.95));
        Assert.Equal((0.9, 30), history.Best);
        Assert.Equal((1.0, 0.9, 1), (history.Start!.Loss, history.BestAfterStart, history.EvaluationsSinceBest));
        Assert.Equal((0, 2), (History(Dev(0, 1.0), Dev(5, 1.0), Dev(10, 2.0)).Best!.Value.Step, History(
            Dev(0, 1.0), Dev(5, 1.0), Dev(10, 2.0)).EvaluationsSinceBest));
        Assert.Null(History(Dev(0, 1.0), Dev(5, double.PositiveInfinity)).BestAfterStart);
        Assert.Null(History().Best);
    }

    [Fact]
    public void What_was_saved_last_counts()
    {
        var history = History(Dev(0, 1.0), new EvaluationEntry(5, EvaluationSplit.Dev, new Evaluation(0.5, 0, 1), s_hash));
        Assert.Equal((5, s_hash), history.Saved);
        history.Add(new SelectionEntry(0, s_hash));
        Assert.Equal((0, s_hash), history.Saved);
        Assert.Null(History(Dev(0, 1.0)).Saved);
    }

    [Fact]
    public void Work_and_skipped_steps_add_up()
    {
        var history = History(Step(1, 1.0), Step(2, double.NaN), Step(3, 1.0));
        Assert.Equal((3, 1, 6L, 30L), (history.Records.Count, history.SkippedSteps, history.ForwardPasses, history.Tokens));
    }

    [Fact]
    public void A_run_diverges_where_the_mean_of_ten_losses_or_a_dev_loss_passes_the_multiple()
    {
        var rule = new StopRule(10, null, null);
        LogEntry[] start = [Dev(0, 1.0)];
        Assert.Null(rule.Of(History([.. start, .. Steps(9, 1000)])));
        Assert.Equal(EarlyStop.Divergence, rule.Of(History([.. start, .. Steps(10, 10.001)])));
        Assert.Null(rule.Of(History([.. start, .. Steps(10, 10)])));
        Assert.Null(rule.Of(History([.. start, .. Steps(9, 10), Step(10, double.NaN)])));
        Assert.Equal(EarlyStop.Divergence, rule.Of(History([.. start, .. Steps(10, double.NaN)])));
        Assert.Equal(EarlyStop.Divergence, rule.Of(History([.. start, Step(1, 1), Dev(1, 10.001)])));
        Assert.Equal(EarlyStop.Divergence, rule.Of(History([.. start, Step(1, 1), Dev(1, double.NaN)])));
        Assert.Null(rule.Of(History([.. start, Step(1, 1), Dev(1, 10)])));
    }

    [Fact]
    public void The_start_of_a_run_without_dev_examples_is_its_test_loss_or_its_first_steps()
    {
        var rule = new StopRule(10, null, null);
        var test = new EvaluationEntry(0, EvaluationSplit.Test, new Evaluation(2.0, 0, 1));
        Assert.Equal(EarlyStop.Divergence, rule.Of(History([test, .. Steps(10, 20.1)])));
        Assert.Null(rule.Of(History([test, .. Steps(10, 19.9)])));
        Assert.Null(rule.Of(History([.. Steps(10, 3), .. Steps(10, 29)])));
        Assert.Equal(EarlyStop.Divergence, rule.Of(History([.. Steps(10, 3), .. Steps(10, 31)])));
        Assert.Null(new StopRule(0, null, null).Of(History([test, .. Steps(10, 1e9)])));
        Assert.Null(new StopRule(10, null, Accuracy.OfCandidates).Of(History([test, .. Steps(10, 1e9)])));
    }

    [Fact]
    public void Patience_ends_after_as_many_evaluations_without_a_better_one()
    {
        var rule = new StopRule(0, 2, null);
        Assert.Null(rule.Of(History(Dev(0, 1.0), Dev(5, 2.0))));
        Assert.Equal(EarlyStop.Patience, rule.Of(History(Dev(0, 1.0), Dev(5, 2.0), Dev(10, 2.0))));
        Assert.Null(rule.Of(History(Dev(0, 1.0), Dev(5, 2.0), Dev(10, 0.9))));
        Assert.Null(new StopRule(0, null, null).Of(History(Dev(0, 1.0), Dev(5, 2.0), Dev(10, 2.0))));
    }

    private static RunHistory History(params LogEntry[] entries)
    {
        var history = new RunHistory();
        Array.ForEach(entries, history.Add);
        return history;
    }

    private static EvaluationEntry Dev(long step, double loss) => new(step, EvaluationSplit.Dev, new Evaluation(loss, 0, 1));

    private static IEnumerable<LogEntry> Steps(int count, double loss) => Enumerable.Range(1, count).Select(i => Step(i, loss));

    private static StepEntry Step(long step, double loss) =>
        new(
            new StepRecord { Step = step, LearningRate = 1, Losses = [loss, loss], Coefficients = [], Skipped = !double.IsFinite(loss) },
            2,
            10);
}
