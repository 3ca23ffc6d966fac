namespace IlZo.Tasks;

/// <summary>What a model answers, which decides the metrics that can judge it.</summary>
[Flags]
public enum AnswerKind
{
    /// <summary>One of the classes of a task, which are the same candidates for every row.</summary>
    Class = 1,

    /// <summary>One of the candidates of its row.</summary>
    Choice = 2,

    /// <summary>A text that the model generates.</summary>
    Generated = 4,

    /// <summary>Nothing: the text itself is what is predicted, token by token.</summary>
    Text = 8,
}
