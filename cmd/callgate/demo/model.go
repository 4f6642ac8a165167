package demo

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync/atomic"

	openai "github.com/sashabaranov/go-openai"
)

// Model is a chat completions endpoint that follows a story: each answer is
// the next tool call, and after the last one a closing word.
func Model(story []Step) http.Handler {
	var next atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/chat/completions", func(w http.ResponseWriter, r *http.Request) {
		var request openai.ChatCompletionRequest
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
			http.Error(w, "not a chat completion request", http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		// The client reads a broken answer as an error, which ends the demo.
		_ = json.NewEncoder(w).Encode(answer(request.Model, story, int(next.Add(1))-1))
	})
	return mux
}

func answer(model string, story []Step, turn int) openai.ChatCompletionResponse {
	says := openai.ChatCompletionMessage{Role: openai.ChatMessageRoleAssistant, Content: "Done."}
	reason := openai.FinishReasonStop
	if turn < len(story) {
		says.Content = ""
		says.ToolCalls = []openai.ToolCall{{
			ID: fmt.Sprintf("call_%d", turn+1), Type: openai.ToolTypeFunction,
			Function: openai.FunctionCall{Name: story[turn].Tool, Arguments: string(story[turn].Arguments)},
		}}
		reason = openai.FinishReasonToolCalls
	}
	return openai.ChatCompletionResponse{
		ID: fmt.Sprintf("chat_%d", turn+1), Object: "chat.completion", Model: model,
		Choices: []openai.ChatCompletionChoice{{Message: says, FinishReason: reason}},
	}
}
