using System.Text;
using System.Text.Json.Nodes;
using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Training.Trials;

public sealed class StudyReportTests
{
    [Fact]
    public void The_ratio_is_the_exponential_of_the_mean_paired_log_ratio()
    {
        // 100 and 100 passes against 200 and 800: log ratios −ln 2 and −3 ln 2, whose mean is 2 standard errors below zero.
        var study = StudyReport.Of([("a", Report(1, Mezo(200, 800), Method("m", 100, 100)))]);
        var ratio = study.Methods[1].Tasks[0].Ratio!;
        Near.Equal(0.25, ratio.Ratio, 1e-12);
        Near.Equal(1 - (2 / Math.PI * Math.Atan(2)), ratio.PValue, 1e-12);
        Near.Equal(ratio.PValue, ratio.HolmPValue, 1e-15);
        Near.Equal(0.25 * 0.25, ratio.Low * ratio.High, 1e-9);
        Near.Equal(100, study.Methods[1].Tasks[0].Passes, 1e-9);
        Near.Equal(400, study.Methods[0].Tasks[0].Passes, 1e-9);
        Assert.Equal(("mezo", 2, 2), (study.Baseline, study.Methods[1].Tasks[0].Seeds, study.Methods[1].Tasks[0].Reached));
    }

    [Fact]
    public void The_baseline_has_no_ratio_and_no_difference()
    {
        var mezo = StudyReport.Of([("a", Report(1, Mezo(200, 800), Method("m", 100, 100)))]).Methods[0];
        Assert.Null(mezo.Ratio);
        Assert.Null(mezo.Tasks[0].Ratio);
        Assert.Null(mezo.Tasks[0].TestLossDifference);
    }

    [Fact]
    public void Another_baseline_turns_the_ratio_round()
    {
        var study = StudyReport.Of([("a", Report(1, Mezo(200, 800), Method("m", 100, 100)))], "m");
        Assert.Null(study.Methods[1].Ratio);
        Near.Equal(4, study.Methods[0].Ratio!.Ratio, 1e-12);
    }

    [Fact]
    public void A_run_that_never_got_there_counts_with_all_of_its_passes()
    {
        var method = StudyReport.Of([("a", Report(1, Mezo(200, 800), Method("m", null, 400)))]).Methods[1].Tasks[0];
        Assert.Equal(1, method.Reached);
        Near.Equal(Math.Sqrt(1000 * 400), method.Passes, 1e-9);
        Near.Equal(Math.Sqrt(5 * 0.5), method.Ratio!.Ratio, 1e-12);
    }

    [Fact]
    public void Tasks_count_alike_and_each_family_is_corrected_for_its_size()
    {
        var study = StudyReport.Of([
            ("a", Report(1, Mezo(200, 800), Method("m", 100, 100), Method("n", 200, 800))),
            ("b", Report(2, Mezo(100, 100, 100), Method("m", 400, 400, 400), Method("n", 100, 100, 100))),
        ]);
        var (m, n) = (study.Methods[1], study.Methods[2]);
        Near.Equal(1, m.Ratio!.Ratio, 1e-12);
        Near.Equal(4, m.Tasks[1].Ratio!.Ratio, 1e-12);

        // Without any spread the p-value is 0, the next is 3 of 4 at rank 2, and those of no difference at all are 1.
        Assert.Equal(0, m.Tasks[1].Ratio!.HolmPValue);
        Near.Equal(3 * m.Tasks[0].Ratio!.PValue, m.Tasks[0].Ratio!.HolmPValue, 1e-12);
        Assert.Equal(1, n.Ratio!.HolmPValue);
        Assert.Equal(["a", "b"], study.Tasks.Select(t => t.Name));
    }

    [Fact]
    public void Only_seeds_of_both_are_compared()
    {
        var other = new ComparedMethod("m", [Run(1, 100), Run(7, 1), Run(2, 100)]);
        var method = StudyReport.Of([("a", Report(1, Mezo(300, 200, 800), other))]).Methods[1].Tasks[0];
        Assert.Equal(2, method.Seeds);
        Near.Equal(0.25, method.Ratio!.Ratio, 1e-12);
    }

    [Fact]
    public void What_cannot_be_joined_is_refused()
    {
        var report = Report(1, Mezo(1, 2), Method("m", 1, 2));
        Assert.Contains("has no Target", Refusal(("a", report with { Target = null })), StringComparison.Ordinal);
        Assert.Contains("expected, as in a", Refusal(("a", report), ("b", Report(1, Mezo(1, 2)))), StringComparison.Ordinal);
        var alone = new ComparedMethod("m", [Run(5, 1)]);
        Assert.Contains("no seed in common", Refusal(("a", Report(1, Mezo(1), alone))), StringComparison.Ordinal);
        var e = Assert.Throws<InvalidInputException>(() => StudyReport.Of([("a", report)], "n"));
        Assert.Equal("Baseline is n; one of mezo, m was expected.", e.Message);
        Assert.Contains("no comparison", Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_report_that_was_written_is_read_again()
    {
        var report = Report(
            1, new ComparedMethod("mezo", [Run(0, 5), Run(1, null) with { PeakResidentBytes = 3 }]) { TunedEdge = 1 }, Method("m", 3));
        string json = report.ToJson(indented: true);
        Assert.Equal(json, ComparisonReport.Parse(Encoding.UTF8.GetBytes(json), "f").ToJson(indented: true));
        foreach (string other in (string[])["{", "[]", "{}", json.Replace("\"runs\"", "\"walks\"", StringComparison.Ordinal)])
        {
            var e = Assert.Throws<InvalidInputException>(() => ComparisonReport.Parse(Encoding.UTF8.GetBytes(other), "f"));
            Assert.StartsWith("f: ", e.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_variants_value_may_have_colons()
    {
        var variant = ComparedVariant.Parse("dizo:tensors=role:key+role:value:ratio=2");
        Assert.Equal("dizo", variant.Optimizer);
        Assert.Equal([("tensors", "role:key+role:value"), ("ratio", "2")], variant.Settings);
        Assert.Throws<InvalidInputException>(() => ComparedVariant.Parse("mezo:queries"));
    }

    private static string Refusal(params (string Task, ComparisonReport Report)[] comparisons) =>
        Assert.Throws<InvalidInputException>(() => StudyReport.Of(comparisons)).Message;

    private static ComparisonReport Report(double target, params ComparedMethod[] methods) =>
        new(new JsonObject(), 2, 1000, Interrupted: false, methods) { Target = target };

    private static ComparedMethod Mezo(params double?[] passes) => Method("mezo", passes);

    private static ComparedMethod Method(string name, params double?[] passes) => new(name, [.. passes.Select((n, i) => Run((uint)i, n))]);

    // A run whose loss is below any target after some passes, or never.
    private static TrialRun Run(uint seed, double? passes) => new(1, 1e-3, seed, 0, 0, 4, 1, [
        new TrialPoint(0, 0, double.NaN, null, 9, 0.5),
        .. passes is { } n ? (TrialPoint[])[new TrialPoint((long)n, 1, 0.5, null, null, null)] : [],
        new TrialPoint(1000, 10, passes is null ? 9 : 0.5, null, 2, 0.75),
    ]);
}
