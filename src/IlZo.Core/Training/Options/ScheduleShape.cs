namespace IlZo.Training;

/// <summary>How the learning rate changes after the warm-up, where p goes from 0 at the first step to 1 after the last.</summary>
public enum ScheduleShape
{
    /// <summary>It stays.</summary>
    Constant,

    /// <summary>Times 1 − p.</summary>
    Linear,

    /// <summary>Times (1 + cos πp)/2.</summary>
    Cosine,
}

/// <summary>The words for the shapes of schedules.</summary>
internal sealed class ScheduleWords() : Words<ScheduleShape>(
    ("constant", ScheduleShape.Constant), ("linear", ScheduleShape.Linear), ("cosine", ScheduleShape.Cosine))
{
    public static ScheduleWords Instance { get; } = new();

    protected override string Option => Setting.Schedule;
}
