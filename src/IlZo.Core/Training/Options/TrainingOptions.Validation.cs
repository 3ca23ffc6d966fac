using IlZo.Backends;
using IlZo.Datasets;
using IlZo.Optimizers;
using IlZo.Tasks;
using IlZo.Tensors;

namespace IlZo.Training;

public sealed partial record TrainingOptions
{
    /// <summary>Rejects invalid options before anything of a model is read.</summary>
    /// <exception cref="InvalidInputException">A number is out of range, or the method does not support an option.</exception>
    public void Validate()
    {
        Require(Steps >= 0, Setting.Steps, Steps, "0 or more");
        Require(BatchSize is null or >= 1, Setting.BatchSize, BatchSize ?? 0, "1 or more");
        Require(
            LearningRate is null || (LearningRate >= 0 && double.IsFinite(LearningRate.Value)),
            Setting.LearningRate,
            LearningRate ?? 0,
            "0 or a positive number");
        RequireRadius();
        Require(WeightDecay >= 0 && double.IsFinite(WeightDecay), Setting.WeightDecay, WeightDecay, "0 or a positive number");
        Require(Queries is null or (>= 1 and <= 1024), Setting.Queries, Queries ?? 0, "1 to 1024");
        Require(Clip is null || (Clip > 0 && double.IsFinite(Clip.Value)), Setting.Clip, Clip ?? 0, "a positive number");
        Require(Warmup >= 0, Setting.Warmup, Warmup, "0 or more");
        Require(TrainSize is null or >= 1, Setting.TrainSize, TrainSize ?? 0, "1 or more");
        Require(Shots is null or >= 1, Setting.Shots, Shots ?? 0, "1 or more");
        Require(DevSize is null or >= 0, Setting.DevSize, DevSize ?? 0, "0 or more");
        Require(Shots is null || DevSize is null or 0, Setting.DevSize, DevSize ?? 0, $"0, or no {Setting.DevSize} with {Setting.Shots}");
        Require(TestSize is null or >= 0, Setting.TestSize, TestSize ?? 0, "0 or more");
        Require(EvalEvery >= 1, Setting.EvalEvery, EvalEvery, "1 or more");
        Require(Samples is >= 0 and <= 64, Setting.Samples, Samples, "0 to 64");
        Require(Patience is null or >= 1, Setting.Patience, Patience ?? 0, "1 or more");
        Require(Patience is null || DevSize != 0, Setting.Patience, Patience ?? 0, $"none with {Setting.DevSize} 0");
        Require(
            StopOnDivergence == 0 || (StopOnDivergence > 1 && double.IsFinite(StopOnDivergence)),
            Setting.StopOnDivergence,
            StopOnDivergence,
            "a number above 1, or 0 for never");
        Require(MaxLength is null or >= 2, Setting.MaxLength, MaxLength ?? 0, "2 or more");
        Require(Threads is null or (>= 1 and <= 1024), Setting.Threads, Threads ?? 0, "1 to 1024");
        Require(WeightMemory is null or >= 0, Setting.WeightMemory, WeightMemory ?? 0, "0 or more bytes");
        Require(WriteEvery is null or (>= 1 and <= 64), Setting.WriteEvery, WriteEvery ?? 0, "1 to 64");
        Require(
            WriteEvery is null || WeightMemory is not null, Setting.WriteEvery, WriteEvery ?? 0,
            $"none without {Setting.WeightMemory}, beyond which weights are written,");
        Require(WriteEvery is null || Adapter is null, Setting.WriteEvery, WriteEvery ?? 0, $"none with {Setting.Adapter}, which stays,");
        RequirePath(Setting.Model, Model);
        RequirePath(Setting.Data, Data);
        RequirePath(Setting.ChatTemplate, ChatTemplate);
        DTypeWords.Instance.Of(DType);
        ScheduleWords.Instance.Of(Schedule);
        ParseObjective(Objective);
        RequireDerivatives();
        EngineRequest.Validate(DeviceName.KindOf(Device));
        RequireFittingData();
        _ = new ColumnMap(Columns, RowForms.Columns);
        if (Adapter is not null)
        {
            ValidateAdapter();
        }

        // Says before any weights are read what the method does not take.
        using var none = new ParameterSet([], []);
        Method.Create(ToSettings(none)).Dispose();
    }

    private void RequireRadius()
    {
        if (Epsilon is { } epsilon)
        {
            bool has = Method.HasRadius;
            Require(
                has ? epsilon > 0 && double.IsFinite(epsilon) : epsilon == 0, Setting.Epsilon, epsilon,
                has ? "a positive number" : $"0, or no {Setting.Epsilon} with {Optimizer},");
        }
    }

    // Inputs of layers say where a gradient lies, and so are of use where there is one.
    private void RequireDerivatives()
    {
        if (Method.Takes != PassKind.Losses && Objective != Loss)
        {
            throw new InvalidInputException(
                $"{Setting.Objective} is {Objective}, which has no derivatives; {Loss} was expected for {Optimizer}.");
        }
    }

    // What only own data have a meaning for is refused elsewhere, so that nothing is ignored in silence.
    private void RequireFittingData()
    {
        string name = Presets.TaskOf(this);
        bool ofProgram = name == TrainingExamples.TaskName;
        bool own = ofProgram || name == UserData.TaskName;
        if (ofProgram != (Examples is not null) || (ofProgram && Data is not null))
        {
            throw Examples is null ? TrainingExamples.NotGiven() : new InvalidInputException(
                $"Examples are given together with task {name} and data '{Data}'; one of them was expected.");
        }

        if (own && !ofProgram && Data is null)
        {
            throw new InvalidInputException(
                $"{Setting.Task} is {UserData.TaskName} without {Setting.Data}; a file or a folder of rows was expected.");
        }

        if (own && (Shots is not null || ParseObjective(Objective) is not null))
        {
            throw new InvalidInputException(
                $"{Setting.Shots} and objectives other than loss are for tasks with answers to choose from; {Setting.Data} with a "
                    + $"{Setting.Task}, or neither of the "
                    + "two, was expected.");
        }

        // Special tokens that are written in the texts of a task are letters with the flag and without.
        bool learnsTexts = TrainOnPrompt || MaskHistory || ChatTemplate is not null;
        bool readsFiles = Columns is not null || SkipBadRows;
        if ((!own && learnsTexts) || ((!own || ofProgram) && readsFiles))
        {
            throw new InvalidInputException(
                $"{Setting.TrainOnPrompt}, {Setting.MaskHistory}, {Setting.Columns}, {Setting.SkipBadRows} and {Setting.ChatTemplate} "
                    + $"are for rows of {Setting.Data} without {Setting.Task}; "
                    + $"the task {name} without them was expected.");
        }
    }

    /// <summary>Rejects an objective for which the task has no metric.</summary>
    internal void RequireObjectiveOf(TaskDefinition task)
    {
        if (ParseObjective(Objective) is { } objective && !objective.Judges.HasFlag(task.Answers))
        {
            throw new InvalidInputException(
                $"{Setting.Objective} is {Objective} and the metric of task {task.Name} is {task.Metric.Name}; "
                + $"{string.Join(", ", MetricCatalog.Judging(task.Answers).OfType<IExampleMetric>().Select(m => m.Name))} or {Loss} was "
                + "expected.");
        }
    }

    private static void RequirePath(string name, string? path)
    {
        if (path is "" || path?.Contains('\0') == true)
        {
            throw new InvalidInputException($"{name} is '{path}'; the path of a file or folder was expected.");
        }
    }

    private static void Require(bool condition, string name, double value, string expectation)
    {
        if (!condition)
        {
            throw new InvalidInputException(FormattableString.Invariant($"{name} is {value}; {expectation} was expected."));
        }
    }
}
