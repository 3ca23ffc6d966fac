namespace IlZo.Datasets;

/// <summary>A conversation as a chat template takes it.</summary>
/// <param name="Messages">Its messages as template values: mappings with <c>role</c>, <c>content</c> and what else the template may
/// read.</param>
/// <param name="Learned">Which of them are learned, in rising order; turns of the assistant.</param>
/// <param name="Tools">What the template takes for <c>tools</c>; null for none.</param>
/// <param name="Variables">Other variables of the template.</param>
internal sealed record Conversation(
    List<object?> Messages, IReadOnlyList<int> Learned, List<object?>? Tools, OrderedDictionary<string, object?> Variables)
{
    /// <summary>The role of a message.</summary>
    public string RoleOf(int message) => (string)Message(message)["role"]!;

    /// <summary>A message.</summary>
    public OrderedDictionary<string, object?> Message(int message) => (OrderedDictionary<string, object?>)Messages[message]!;

    /// <summary>The assistant's turns.</summary>
    public IEnumerable<int> AssistantTurns => Enumerable.Range(0, Messages.Count).Where(m => RoleOf(m) == ConversationReader.Assistant);
}
