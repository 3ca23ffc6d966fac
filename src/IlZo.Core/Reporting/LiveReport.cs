using System.Diagnostics;
using IlZo.Training;

namespace IlZo.Reporting;

/// <summary>
/// Keeps <c>report.html</c> of a run up to date while it goes on. It takes a small share of the run's time at most, and no failure of it is
/// one of the run.
/// </summary>
/// <param name="next">Is told of everything too, first; null for nobody.</param>
/// <param name="notice">Told once, in a sentence, why there is no report.</param>
internal sealed class LiveReport(IProgress<TrainingProgress>? next, Action<string> notice) : IProgress<TrainingProgress>
{
    // A page is made this often at most, and where evaluations are far apart, this often at least.
    private static readonly TimeSpan s_least = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_most = TimeSpan.FromSeconds(20);

    // The run goes on for this many times as long as the last page took.
    private const int Rest = 50;

    private readonly Stopwatch _sinceLast = new();
    private RunFolder? _folder;
    private ReportedRun? _run;
    private TimeSpan _cost;
    private bool _hasFailed;

    /// <inheritdoc/>
    public void Report(TrainingProgress value)
    {
        next?.Report(value);
        switch (value)
        {
            case TrainingProgress.Started started:
                _folder = new RunFolder(started.Run);
                break;

            // What comes before the first step of this process stands in metrics that are not yet under their name.
            case TrainingProgress.Step when !_sinceLast.IsRunning || IsDue(s_most):
            case TrainingProgress.DevEvaluation { At: > 0 } when IsDue(s_least):
                Write();
                break;
        }
    }

    /// <summary>Writes what the run has come to, if it has begun.</summary>
    public void End()
    {
        if (_folder is not null)
        {
            Write();
        }
    }

    private bool IsDue(TimeSpan least) =>
        !_hasFailed && (!_sinceLast.IsRunning || _sinceLast.Elapsed >= (Rest * _cost > least ? Rest * _cost : least));

    private void Write()
    {
        if (_hasFailed)
        {
            return;
        }

        var watch = Stopwatch.StartNew();
        try
        {
            _run ??= new ReportedRun(_folder!, Path.GetFileName(_folder!.FullPath), RunReport.Capacity(1)) { IsOfThisProcess = true };
            _run.Read();
            HtmlReport.Write(_folder!.ReportFile, RunReport.Of([_run]));
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            _hasFailed = true;
            notice($"there is no report of this run: {e.Message}");
        }

        _cost = watch.Elapsed;
        _sinceLast.Restart();
    }
}
